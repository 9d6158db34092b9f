"""What somebody copies to make a source deliver its first submission; it builds text and sends nothing."""

from __future__ import annotations

from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from capture.models import Source

JSON = (
    '{"first_name": "Anna", "last_name": "Roux", "email": "anna.roux@example.com", "company": "Acier du Rhône", '
    '"phone": "+33 6 12 34 00 37", "message": "Bonjour"}'
)
FORM = ("first_name=Anna", "last_name=Roux", "email=anna.roux@example.com", "company=Acier du Rhône", "message=Bonjour")


FIELDS = (  # name, what stands before it, kind, what the browser fills in
    ("first_name", gettext_noop("First name"), "text", "given-name"),
    ("last_name", gettext_noop("Last name"), "text", "family-name"),
    ("email", gettext_noop("E-mail"), "email", "email"),
    ("phone", gettext_noop("Phone"), "tel", "tel"),
    ("company", gettext_noop("Company"), "text", "organization"),
)


def of(source: Source, address: str) -> dict[str, str]:
    """The address, and what can be copied for it."""
    return {"address": address, "html": html(source, address), "curl": curl(source, address)}


def html(source: Source, address: str) -> str:
    """A form for a page of one's own site, in the reader's language; empty where a page cannot sign or a vendor sends."""
    if source.adapter != "form" or source.signed:
        return ""
    rows = format_html_join(
        "\n",
        '  <label>{} <input name="{}" type="{}" autocomplete="{}"{}></label>',
        [(_(words), name, kind, fill, " required" if kind == "email" else "") for name, words, kind, fill in FIELDS],
    )
    return (
        f'<form action="{address}" method="post" accept-charset="utf-8">\n{rows}\n'
        f'  <label>{_("Message")} <textarea name="message"></textarea></label>\n'
        f"  <button>{_('Send')}</button>\n</form>"
    )


def curl(source: Source, address: str) -> str:
    """A command that posts one lead to the address; empty where a vendor's own shape or signature or a hosted page sends.

    A signed source gets the two lines that sign, with our own scheme.
    """
    if source.adapter == "form" and not source.signed:
        fields = " \\\n".join(f"  --data-urlencode '{field}'" for field in FORM)
        return f"curl -i {address} \\\n{fields}"
    if source.adapter != "json" or (source.signed and source.scheme not in ("", "leadops")):
        return ""
    if not source.signed:
        return f"curl -i {address} \\\n  -H 'Content-Type: application/json' \\\n  -d '{JSON}'"
    return "\n".join(
        (
            f"body='{JSON}'",
            "time=$(date +%s)",
            'sign=$(printf \'%s.%s\' "$time" "$body" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d\' \' -f1)',
            f"curl -i {address} \\",
            "  -H 'Content-Type: application/json' \\",
            '  -H "Leadops-Signature: t=$time,v1=$sign" \\',
            '  -d "$body"',
        )
    )
