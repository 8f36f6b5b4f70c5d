"""Settings of users, log-in and sessions; `config/settings.py` takes over every name."""

from config.local.env import env

AUTH_USER_MODEL = "members.User"
AUTHENTICATION_BACKENDS = ["members.accounts.backends.RoleBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
_validation = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_validation}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_validation}.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": f"{_validation}.CommonPasswordValidator"},
    {"NAME": f"{_validation}.NumericPasswordValidator"},
    {"NAME": "members.accounts.validators.NotAboutYouValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "petitions:home"  # other roles: see members/accounts/start_page.py
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # a password reset sends no mail to unknown addresses
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_ADAPTER = "members.accounts.adapters.AccountAdapter"
_forms = "members.accounts.forms"
ACCOUNT_FORMS = {
    "login": f"{_forms}.LogInForm",
    "change_password": f"{_forms}.ChangePasswordForm",
    "reauthenticate": f"{_forms}.ReauthenticateForm",
    "reset_password": f"{_forms}.ResetForm",
}
ACCOUNT_EMAIL_SUBJECT_PREFIX = "【找支部】"
# The library's own generator would copy the address into its own list, which is not used.
_tokens = "django.contrib.auth.tokens"
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = f"{_tokens}.PasswordResetTokenGenerator"
# members/accounts/login_delays.py counts wrong passwords and codes, on every page that takes one.
ACCOUNT_RATE_LIMITS = dict.fromkeys(("login", "login_failed", "change_password", "reauthenticate"))
LOCKOUT_FAILURES = env.int("LOCKOUT_FAILURES", 5)
LOCKOUT_ADDRESS_FAILURES = env.int("LOCKOUT_ADDRESS_FAILURES", 30)
LOCKOUT_NAME_FAILURES = env.int("LOCKOUT_NAME_FAILURES", 100)
LOCKOUT_SECONDS = env.int("LOCKOUT_SECONDS", 30 * 60)
MFA_ADAPTER = "members.accounts.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": f"{_forms}.SecondFactorForm",
    "reauthenticate": f"{_forms}.SecondFactorAgainForm",
    "activate_totp": f"{_forms}.SecondFactorSetupForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "找支部"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # administrators enter the addresses; they are not verified
USERSESSIONS_ADAPTER = "members.accounts.adapters.SessionsAdapter"
USERSESSIONS_TRACK_ACTIVITY = False
DEMO_PASSWORD = env.str("DEMO_PASSWORD", "Demo-2026-grid")  # of the sample's users only

SESSION_ENGINE = "config.lib.web.sessions"
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", 30 * 60)
SESSION_MAX_SECONDS = env.int("SESSION_MAX_SECONDS", 8 * 60 * 60)
SESSION_COOKIE_AGE = SESSION_MAX_SECONDS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
