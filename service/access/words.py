"""Roles in words."""

from service.kernel.i18n import lazy as _
from service.kernel.words import Word

ROLES = {
    "member": Word(_("Squad member"), icon="user"),
    "reviewer": Word(_("Reviewer"), icon="search-check"),
    "supervisor": Word(_("Supervisor"), icon="clipboard-list"),
    "legal": Word(_("Legal reviewer"), icon="scale"),
    "auditor": Word(_("Auditor"), icon="eye"),
    "admin": Word(_("Administrator"), icon="settings"),
}
