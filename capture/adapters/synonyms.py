"""The names under which the world sends our fields, in French and English, as one table; pure.

A path such as `lead.company.name` is read without the envelopes around it, then by its whole name.
"""

from __future__ import annotations

import re
from functools import lru_cache

from leadops.fold import fold

NAMES: dict[str, str] = {
    "email": "email e_mail mail courriel email_address e_mail_address adresse_email adresse_e_mail adresse_mail "
    "work_email business_email professional_email email_professionnel e_mail_professionnel your_email user_email mel "
    "adresse_electronique input_email contact_email",
    "phone": "phone telephone tel mobile phone_number telephone_number mobile_phone mobile_number portable gsm "
    "numero_de_telephone numero_telephone n_de_telephone work_phone your_phone user_phone your_tel cell cell_phone "
    "tel_portable telephone_portable contact_phone",
    "given_name": "given_name first_name firstname prenom fname forename votre_prenom your_first_name",
    "family_name": "family_name last_name lastname surname nom_de_famille lname nom_famille your_last_name",
    "name": "name full_name fullname nom nom_complet nom_et_prenom prenom_et_nom your_name votre_nom contact_name "
    "nom_prenom prenom_nom user_name",
    "company": "company company_name societe entreprise organization organisation raison_sociale employer account_name "
    "nom_de_l_entreprise nom_de_la_societe nom_societe nom_entreprise business_name your_company votre_entreprise "
    "organization_name organisation_name",
    "title": "title job_title jobtitle fonction poste intitule_du_poste position role your_role votre_fonction job",
    "country": "country pays country_code code_pays country_name",
    "region": "region state province departement state_province department",
    "postcode": "postcode postal_code zip zip_code zipcode code_postal cp",
    "city": "city ville town commune",
    "language": "language langue locale lang preferred_language",
    "industry": "industry secteur sector secteur_d_activite secteur_activite branche activity_sector",
    "employees": "employees number_of_employees employee_count company_size effectif effectifs nombre_de_salaries "
    "nb_salaries headcount numemployees taille_de_l_entreprise nombre_d_employes",
    "message": "message comment comments commentaire commentaires description question questions votre_message "
    "your_message notes note body texte demande how_can_we_help comment_pouvons_nous_vous_aider",
    "utm_source": "utm_source",
    "utm_medium": "utm_medium",
    "utm_campaign": "utm_campaign",
    "utm_content": "utm_content",
    "utm_term": "utm_term",
    "landing_url": "landing_url landing_page page_url page_uri url_de_la_page page_location source_url",
    "referrer": "referrer referer http_referrer http_referer",
    "occurred_at": "occurred_at submitted_at submittedat submission_date created_at created_time date_de_soumission "
    "zap_timestamp submit_time lead_submit_time timestamp",
    "is_test": "is_test istest",
    "external_id": "external_id lead_id leadgen_id response_id submission_id",
    "consent": "consent consentement opt_in optin rgpd gdpr marketing_consent accept_marketing newsletter",
}
CLICK_IDS: dict[str, str] = {
    name: name for name in ("gclid", "gbraid", "wbraid", "fbclid", "msclkid", "li_fat_id", "ttclid", "dclid")
} | {"gcl_id": "gclid"}
# Envelopes that say nothing about what stands inside them.
_envelopes = (
    "lead leads contact contacts person people data fields field payload user customer submission form_data attributes "
    "properties answers visitor prospect item values inquiry demande record hidden tracking context params "
    "form_response custom_fields"
)
ENVELOPES = frozenset(_envelopes.split())
_field_of = {name: field for field, names in NAMES.items() for name in names.split()}
_words = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_not_word = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=8192)
def plain(name: str) -> str:
    """`firstName`, « Prénom * » and `first-name` as lower-case words joined by underscores."""
    return _not_word.sub("_", fold(_words.sub("_", name[:200]))).strip("_")


@lru_cache(maxsize=8192)
def field_for(path: str) -> str | None:
    """Our field for a path (dots, double underscores and brackets part it), or None: a field we do not know."""
    parts = [plain(part) for part in re.split(r"\.|__|[\[\]]+", path) if part]
    while len(parts) > 1 and (parts[0] in ENVELOPES or parts[0].isdigit()):
        del parts[0]
    whole = "_".join(parts)
    if whole in CLICK_IDS:
        return f"click:{CLICK_IDS[whole]}"
    found = _field_of.get(whole)
    if found is None and parts and _field_of.get(parts[-1]) in ("email", "phone", "given_name", "family_name"):
        found = _field_of[parts[-1]]  # unmistakable whatever they are inside of
    return found
