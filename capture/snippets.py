"""What somebody copies to make a source deliver its first submission; it builds text and sends nothing."""

from __future__ import annotations

from capture.models import Source

JSON = (
    '{"first_name": "Anna", "last_name": "Roux", "email": "anna.roux@example.com", "company": "Acier du Rhône", '
    '"phone": "+33 6 12 34 00 37", "message": "Bonjour"}'
)
FORM = ("first_name=Anna", "last_name=Roux", "email=anna.roux@example.com", "company=Acier du Rhône", "message=Bonjour")


def curl(source: Source, address: str) -> str:
    """A command that posts one lead to the address; empty where a vendor's own shape or a hosted page sends.

    A signed source gets the two lines that sign, with our own scheme.
    """
    if source.adapter == "form" and not source.signed:
        fields = " \\\n".join(f"  --data-urlencode '{field}'" for field in FORM)
        return f"curl -i {address} \\\n{fields}"
    if source.adapter != "json":
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
