"""Every setting of the house, read from the environment; a bad value stops the start with one clear line.

Nothing else configures behaviour: what a team may change lives in versions (`leadops/versions/`).
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from contextlib import suppress
from email.utils import parseaddr
from pathlib import Path
from typing import NoReturn
from zoneinfo import available_timezones

import environ
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from leadops.effects.providers import PROVIDERS, SCHEMES, anymail_settings
from leadops.platform import logs

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = BASE_DIR / "var"
BACKUPS = Path(os.environ.get("BACKUP_DIR", "") or VAR / "backups")
env = environ.Env()


def stop(message: str) -> NoReturn:
    """End the process with one line a person can act on."""
    sys.stderr.write(f"leadops: {message}\n")
    raise SystemExit(2)


def choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    value = os.environ.get(name, default)
    if value not in allowed:
        stop(f"{name}={value!r} is not one of {', '.join(allowed)}")
    return value


def whole(name: str, default: int, lowest: int, highest: int) -> int:
    raw = os.environ.get(name, str(default))
    if not raw.isascii() or not raw.isdigit() or not lowest <= int(raw) <= highest:
        stop(f"{name}={raw!r} is not a whole number from {lowest} to {highest}")
    return int(raw)


# MODE: demo (make demo), serve (make serve), test (pytest). Production is `serve`.
MODE = choice("LEADOPS_MODE", ("demo", "serve", "test"), "serve")
# ROLE of this process decides its connections: web, live, ticker, cluster, command.
ROLE = choice("LEADOPS_ROLE", ("web", "live", "ticker", "cluster", "command"), "command")
DEBUG = False
PORT = whole("PORT", 8000, 1, 65000)
WEB_WORKERS = whole("WEB_WORKERS", 2, 1, 64)
TASK_WORKERS = whole("TASK_WORKERS", 2, 1, 64)
LOG_FORMAT = choice("LOG_FORMAT", ("json", "text"), "text")


def yes(name: str) -> bool:
    """Off when unset; a word that is neither yes nor no never counts as no."""
    value = os.environ.get(name, "").strip().lower()
    if value not in (*env.BOOLEAN_TRUE_STRINGS, "", "0", "false", "off", "no", "n"):
        stop(f"{name}={value!r} is neither 1 nor 0")
    return value in env.BOOLEAN_TRUE_STRINGS


def secret_key() -> str:
    """SECRET_KEY, or one generated into var/ outside production hosts."""
    if given := os.environ.get("SECRET_KEY", ""):
        if len(given) < 32:
            stop("SECRET_KEY is shorter than 32 characters")
        return given
    kept = VAR / "secret_key"
    if not kept.exists():
        VAR.mkdir(exist_ok=True)
        fresh = VAR / f"secret_key.{os.getpid()}"
        fresh.write_text(secrets.token_urlsafe(50))
        fresh.chmod(0o600)
        with suppress(FileExistsError):
            os.link(fresh, kept)  # the first of several processes wins
        fresh.unlink()
    if len(found := kept.read_text(errors="replace").strip()) < 32:
        stop(f"{kept} holds fewer than 32 characters: put the key of this house back (a new house may go without)")
    return found


try:
    SECRET_KEY = secret_key()
except PermissionError as fault:
    stop(f"{fault.filename} belongs to another account: run as that account or as root")
ALLOWED_HOSTS = [
    h.strip() for h in os.environ.get("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",") if h.strip()
]
if not ALLOWED_HOSTS:
    stop("ALLOWED_HOSTS names no host: leave it out for this machine only, or name hosts such as leads.example.com")
NAMED_HOSTS = tuple(ALLOWED_HOSTS)  # where people come from; the house itself asks its health on this machine
ALLOWED_HOSTS += [h for h in ("127.0.0.1", *(["testserver"] if MODE == "test" else [])) if h not in ALLOWED_HOSTS]


DATABASE_SHAPE = "postgresql://user:password@host:port/name"


def database() -> dict[str, object]:
    url = os.environ.get("DATABASE_URL", "")
    where = VAR / "pg" / "url"
    if not url and where.exists():
        url = where.read_text().strip()
    if not url:
        # No server yet: `manage.py up` starts the private one; commands that need no database still run.
        return {"NAME": "leadops"}
    if not url.startswith(("postgresql://", "postgres://", "psql://", "pgsql://")):
        stop("DATABASE_URL must start with postgresql:// (leadops runs on PostgreSQL only)")
    try:
        parsed: dict[str, object] = environ.Env.db_url_config(url)
    except Exception:  # environ raises several kinds; the user needs one line, and not the password in it
        stop(f"DATABASE_URL cannot be read: it is {DATABASE_SHAPE}")
    if not parsed["NAME"]:
        stop(f"DATABASE_URL names no database: it is {DATABASE_SHAPE}")
    return parsed


DATABASES = {"default": database()}
DATABASES["default"]["ENGINE"] = "leadops.platform.database"
DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["OPTIONS"].update(  # type: ignore[attr-defined]
    {"connect_timeout": 3, "application_name": f"leadops-{ROLE}", "client_encoding": "UTF8"}
)
# Compiling a condition of 40 kB takes PostgreSQL ten seconds, running it less than a tenth of one.
ASKED = [*filter(None, [DATABASES["default"]["OPTIONS"].get("options", "")]), "-c jit=off"]  # type: ignore[attr-defined]
if MODE == "test":  # the runner empties every table after a transactional test; elsewhere append-only ones refuse it
    ASKED.append("-c leadops.may_truncate=on")
# Seconds of silence after which a waiting client asks whether the server lives at all: somebody waits for the web's answer.
DATABASE_SILENCE = 1.5 if ROLE == "web" else 10.0
if ROLE == "web":
    # whoever waits for a row longer than this is told to come back (503): threads are few, and a sender tries again
    ASKED.append("-c lock_timeout=5s")
DATABASES["default"]["OPTIONS"]["options"] = " ".join(ASKED)  # type: ignore[index]
DATABASES["default"]["CONN_MAX_AGE"] = None  # persistent everywhere: a connection per request costs 3–6×
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["TIME_ZONE"] = "UTC"
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
if os.environ.get("TEST_DATABASE"):
    DATABASES["default"]["TEST"] = {"NAME": os.environ["TEST_DATABASE"]}

INSTALLED_APPS = [
    "leadops.apps.LeadopsConfig",
    "capture.apps.CaptureConfig",
    "routing.apps.RoutingConfig",
    "qualification.apps.QualificationConfig",
    "nurture.apps.NurtureConfig",
    "reports.apps.ReportsConfig",
    "leadops.desk.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "django_q",
    "csp",
    "template_partials",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]

MIDDLEWARE = [
    "leadops.desk.requests.identified",
    "leadops.desk.middleware.database_outage",
    "capture.shortcut.intake_first",  # what is posted to /in/ meets nothing below
    "csp.middleware.CSPMiddleware",  # outside of whatever can fail: refusals and outages carry the policy too
    "leadops.desk.middleware.permissions_and_encryption",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "leadops.desk.middleware.language_and_zone",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "leadops.desk.middleware.person_at_the_desk",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "leadops.desk.middleware.refusals",
]

ROOT_URLCONF = "leadops.urls"
WSGI_APPLICATION = "leadops.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "csp.context_processors.nonce",
                "leadops.desk.context.shell",
                *(["leadops.demo.context.strip"] if MODE == "demo" else []),
            ],
            "builtins": ["leadops.templatetags.house", "template_partials.templatetags.partials"],
        },
    }
]

AUTH_USER_MODEL = "leadops.User"
AUTHENTICATION_BACKENDS = ["leadops.desk.signin.EmailBackend"]
LOGIN_URL = "desk:sign_in"
LOGIN_REDIRECT_URL = "desk:home"
LOGOUT_REDIRECT_URL = "desk:sign_in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if MODE == "test"
    else ["django.contrib.auth.hashers.ScryptPasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
)
# Signing in passes through allauth, which waits for the second factor; who may try how often is ours (`desk/signin.py`).
ACCOUNT_ADAPTER = "leadops.desk.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]  # nobody signs up; allauth wants the two to agree
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False
ACCOUNT_LOGIN_TIMEOUT = 300  # seconds between password and code
MFA_ADAPTER = "leadops.desk.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "leadops"
MFA_TOTP_TOLERANCE = 1  # the step before and the one after: clocks differ
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("fr", _("French")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "leadops" / "locale"]
FORMAT_MODULE_PATH = ["leadops.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if MODE == "test"
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = MODE == "test"

# -- what leaves with every answer ----------------------------------------------------------------
HTTPS = yes("LEADOPS_HTTPS")  # true behind a TLS proxy (deploy/)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF]
        + ([f"http://127.0.0.1:{PORT + 1}", f"http://localhost:{PORT + 1}"] if MODE != "serve" else []),
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 7 * 24 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_CACHE_ALIAS = "sessions"  # a sign-out in one web process reaches the others within seconds
CSRF_FAILURE_VIEW = "leadops.desk.errors.csrf_refused"
if HTTPS:
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^api/", r"^in/", r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    CSRF_TRUSTED_ORIGINS = [f"https://{h}" for h in NAMED_HOSTS if h != "*"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a calendar with all the exceptions it may have
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "sessions": {"BACKEND": "leadops.platform.brief.Brief", "LOCATION": "sessions"},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "leadops.desk.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "leadops.rest.problems.problem_json",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_VERSIONING_CLASS": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "leadops API",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "leadops.rest.schema.completed"],
    "ENUM_NAME_OVERRIDES": {
        "AbsenceKind": "leadops.models.Absence.Kind",
        "ClockKind": "routing.models.Clock.Kind",
        "ClockState": "routing.models.Clock.State",
        "EnrolmentState": "nurture.models.Enrolment.State",
        "EffectState": "leadops.effects.models.Effect.State",
        "DecisionKind": "leadops.decisions.Decision.Kind",
        "HandoffState": "qualification.models.Handoff.State",
        "ImportKind": "capture.models.Import.Kind",
        "ImportState": "capture.models.Import.State",
        "OpportunityState": "leadops.models.Opportunity.State",
        "SourceState": "capture.models.Source.State",
        "SubmissionState": "capture.models.Submission.End",
        "VersionState": "leadops.versions.models.Version.State",
    },
}

# -- the queue: only leadops.platform.queue imports django_q -----------------------------------------
_queue = {
    "broker_class": "leadops.platform.queue.SkipLocked",
    "orm": "default",
    "workers": TASK_WORKERS,
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "queue_limit": 10,
    "bulk": 5,
    "poll": 0.1,
    "save_limit": 0,  # all are kept: trimming at each task would lock a thousand rows; `purge` drops the old ones
    "scheduler": False,  # the ticker is the only clock
    "label": "leadops",
}
Q_CLUSTER = {
    **_queue,
    "name": "now",
    "timeout": 60,
    "retry": 900,
    "ALT_CLUSTERS": {"long": {**_queue, "name": "long", "workers": 1, "timeout": 3600, "retry": 7200}},
}

EMAIL_TIMEOUT = 10  # seconds a mail server may be silent
EMAIL_URL = os.environ.get("EMAIL_URL", "")
if MODE == "demo":  # fictional people have real-looking addresses: nothing leaves, whatever is configured
    EMAIL_BACKEND = "leadops.effects.mailbox.Mailbox"
elif (_service := EMAIL_URL.partition("://")[0]) in PROVIDERS:
    try:
        vars().update(anymail_settings(EMAIL_URL, EMAIL_TIMEOUT))
    except ValueError:  # no part of it is repeated: it holds a key
        stop(f"EMAIL_URL cannot be read: it is {PROVIDERS[_service]}")
elif EMAIL_URL:
    if _service not in environ.Env.EMAIL_SCHEMES:
        stop(f"EMAIL_URL cannot be read: it begins with one of {'://, '.join(SCHEMES)}://")
    try:
        mail = environ.Env.email_url_config(EMAIL_URL)
    except Exception:  # same reason as for the database
        stop("EMAIL_URL cannot be read: it is smtp+tls://user:password@host:port")
    if mail["EMAIL_BACKEND"].endswith(".smtp.EmailBackend") and not mail["EMAIL_HOST"]:
        stop("EMAIL_URL names no mail server: it is smtp+tls://user:password@host:port")
    vars().update(mail)
else:
    EMAIL_BACKEND = (
        "django.core.mail.backends.filebased.EmailBackend"
        if MODE != "test"
        else "django.core.mail.backends.locmem.EmailBackend"
    )
    EMAIL_FILE_PATH = str(VAR / "mail")
DEFAULT_FROM_EMAIL = os.environ.get("MAIL_FROM", "leadops@localhost")
if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", parseaddr(DEFAULT_FROM_EMAIL)[1]):
    stop(f"MAIL_FROM={DEFAULT_FROM_EMAIL!r} is not an address such as leads@example.com")
MAIL_REPLY_TO = os.environ.get("MAIL_REPLY_TO", "")  # where answers of prospects arrive; +token tells which letter
if MAIL_REPLY_TO and not re.fullmatch(r"[^\s@+<>,]+@[^\s@<>,]+", MAIL_REPLY_TO):
    stop(f"MAIL_REPLY_TO={MAIL_REPLY_TO!r} is not an address such as reply@mail.example.com")
MAIL_FOOTER = os.environ.get("MAIL_FOOTER", "")  # who writes and their postal address, under every letter


def public_url() -> str:
    """PUBLIC_URL, else the first named host: with https as it is, without it at our port."""
    given = os.environ.get("PUBLIC_URL", "").rstrip("/")
    if given and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", given):
        stop(f"PUBLIC_URL={given!r} is not an address such as https://leads.example.com")
    host = next((h.lstrip(".") for h in NAMED_HOSTS if h != "*"), "localhost")
    return given or (f"https://{host}" if HTTPS else f"http://{host}:{PORT}")


PUBLIC_URL = public_url()  # where the links in mails lead

# -- ours ---------------------------------------------------------------------------------------------
MOMENT_OFFSET_FILE = VAR / f"moment-{MODE}" if MODE in ("demo", "test") else None  # see leadops/moment.py
HOUSE_LANGUAGE = choice("LEADOPS_LANGUAGE", ("fr", "en"), "fr")
HOUSE_CURRENCY = os.environ.get("LEADOPS_CURRENCY", "EUR")
if not re.fullmatch(r"[A-Z]{3}", HOUSE_CURRENCY):
    stop(f"LEADOPS_CURRENCY={HOUSE_CURRENCY!r} is not an ISO code such as EUR")
REPORTING_ZONE = os.environ.get("LEADOPS_ZONE", "Europe/Paris")
if REPORTING_ZONE not in available_timezones():
    stop(f"LEADOPS_ZONE={REPORTING_ZONE!r} is not a time zone such as Europe/Paris")
INTAKE_PER_SECOND = whole("INTAKE_PER_SECOND", 100, 1, 100_000)  # accepted per source; more is asked to come back
# calls of one API token; three times as many may come at once. Tests of everything else call as fast as they can
API_PER_SECOND = whole("API_PER_SECOND", 20 if MODE != "test" else 10_000, 1, 100_000)
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")  # who sends it as bearer reads /metrics; unset: this machine only
if METRICS_TOKEN and len(METRICS_TOKEN) < 20:
    stop("METRICS_TOKEN is shorter than 20 characters")
TRUSTED_PROXIES = whole("TRUSTED_PROXIES", 0, 0, 5)  # proxies in front whose X-Forwarded-For entry is believed

LOGGING = logs.set_up(LOG_FORMAT == "json", MODE not in ("demo", "test"))
