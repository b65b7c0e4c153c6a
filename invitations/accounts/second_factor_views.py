"""allauth's pages of second steps in our look: what somebody has, how it is added and removed, and how it is used."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from allauth.mfa import app_settings
from allauth.mfa.base import views as base
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.mfa.webauthn.internal import auth, flows
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.generic.edit import FormView

from invitations.accounts import passkey_challenges
from invitations.accounts import second_factor_forms as forms
from invitations.accounts.views import GuardedMixin, SignIn
from invitations.credentials import second_factors
from invitations.errors import CallError
from invitations.models import UserKey
from invitations.requests import passwords, second_steps
from invitations.requests.throttles import Attempt
from invitations.words import say

OVERVIEW = reverse_lazy("mfa_index")


class GuessedMixin(GuardedMixin):
    """A page where a code or a passkey is looked at: tries are counted, and right ones are no guesses."""

    def door(self) -> AbstractContextManager[Attempt | None]:
        return nullcontext(second_steps.counted(self.request, self.guarded_id()))

    def guarded_id(self) -> UserKey | None:
        """Whose account it is; None if only the passkey tells."""
        return self.request.user.pk

    def form_valid(self, form: Any) -> HttpResponse:
        if self.attempt is not None:
            self.attempt.was_right()
        answer: HttpResponse = super().form_valid(form)
        return answer


class Overview(base.IndexView):
    """What guards the account of whoever asks."""

    template_name = "callinvite/accounts/second_factors.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        has = context["authenticators"]
        return context | {
            "app": has.get(second_factors.TOTP),
            "passkeys": sorted(has.get(second_factors.PASSKEY, []), key=lambda each: each.instance.created_at),
            "codes_left": _codes_left(has.get(second_factors.RECOVERY_CODES)),
            "has_passkeys_here": second_factors.has_passkeys_here(self.request),
            "for_admin": "admin" in self.request.GET and not has.keys() & second_factors.STEPS,
            "sessions_url": _url_of("usersessions_list"),
        }


class AddApp(totp.ActivateTOTPView):
    """Sets an authenticator app up: a picture and a secret, and a first code as the proof."""

    form_class = forms.AddAppForm
    template_name = "callinvite/accounts/app_add.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        secret = context["form"].secret
        groups = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
        return context | {"secret_in_groups": groups, "picture": _picture(context["totp_svg"])}


class RemoveApp(totp.DeactivateTOTPView):
    """Removes the authenticator app, once that is confirmed."""

    form_class = forms.RemoveAppForm
    template_name = "callinvite/accounts/app_remove.html"
    success_url = OVERVIEW


class AddPasskey(webauthn.AddWebAuthnView):
    """Registers a passkey, which can be the second step or the whole sign-in."""

    form_class = forms.AddPasskeyForm
    template_name = "callinvite/accounts/passkey_add.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = FormView.get_context_data(self, **kwargs)
        options = auth.begin_registration(self.request.user, passwordless=True)
        is_possible = second_factors.has_passkeys_here(self.request)
        return context | {"passkey_options": options, "passkey_act": "add", "has_passkeys_here": is_possible}


class RenamePasskey(webauthn.EditWebAuthnView):
    """Another name for a passkey."""

    form_class = forms.PasskeyNameForm
    template_name = "callinvite/accounts/passkey_rename.html"
    success_url = OVERVIEW


class RemovePasskey(webauthn.RemoveWebAuthnView):
    """Removes a passkey, once that is confirmed."""

    template_name = "callinvite/accounts/passkey_remove.html"
    success_url = OVERVIEW


class RecoveryCodes(recovery_codes.ViewRecoveryCodesView):
    """The recovery codes, once; later, how many are left."""

    template_name = "callinvite/accounts/recovery_codes.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().get(request, *args, **kwargs)
        except CallError:
            # They cannot be read any more.
            return redirect("mfa_generate_recovery_codes")


class NewRecoveryCodes(recovery_codes.GenerateRecoveryCodesView):
    """Makes new recovery codes, once that is confirmed: the old ones end."""

    template_name = "callinvite/accounts/recovery_codes_new.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        # Not allauth's, which reads the codes: they can be unreadable, and then new ones are the way out.
        return FormView.get_context_data(self, **kwargs)


class SecondStep(GuessedMixin, base.AuthenticateView):
    """The second step of a sign-in: a code, a recovery code, or a passkey."""

    form_class = forms.CodeForm
    webauthn_form_class = forms.PasskeyForm
    template_name = "callinvite/accounts/second_step.html"
    refusal = ""

    def guarded_id(self) -> UserKey:
        return self.stage.login.user.pk

    def refused(self, detail: str) -> HttpResponse:
        self.refusal = detail
        self.auth_form = self.get_form_class()(user=self.stage.login.user)
        self.webauthn_form = self.get_webauthn_form_class()(user=self.stage.login.user)
        return super().get(self.request)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        kinds = second_factors.kinds_of(self.stage.login.user.pk)
        return context | _ways(self.request, kinds, context["js_data"]["request_options"], self.refusal)


class CodeAgain(GuessedMixin, base.ReauthenticateView):
    """Asks for a code again before something that guards the account is changed."""

    form_class = forms.CodeAgainForm
    template_name = "callinvite/accounts/reauthenticate_by_code.html"


class PasskeyAgain(GuessedMixin, webauthn.ReauthenticateWebAuthnView):
    """Asks for a passkey again before something that guards the account is changed."""

    form_class = forms.PasskeyAgainForm
    template_name = "callinvite/accounts/reauthenticate_by_passkey.html"

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        # Past allauth's own, which leaves the form with its errors out.
        context = super(webauthn.ReauthenticateWebAuthnView, self).get_context_data(**kwargs)
        return context | {
            "passkey_options": auth.begin_authentication(self.request.user),
            "has_passkeys_here": second_factors.has_passkeys_here(self.request),
        }


@method_decorator([login_not_required, never_cache], name="dispatch")
class PasskeySignIn(GuessedMixin, webauthn.LoginWebAuthnView):
    """Signs somebody in by a passkey alone: gives the challenge, and takes what was signed."""

    form_class = forms.PasskeySignInForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Where people come from their identity provider alone, a passkey is a second step and no way in."""
        if not passwords.are_allowed():
            return redirect("account_login")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        wants_json = request.headers.get("accept", "") == "application/json"
        return passkey_challenges.given(request) if wants_json else redirect("account_login")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        passkey_challenges.take(request)
        return super().post(request, *args, **kwargs)

    def guarded_id(self) -> None:
        return None

    def refused(self, detail: str) -> HttpResponse:
        """The sign-in page with this sentence."""
        passkey_challenges.forget(self.request)
        view = SignIn()
        view.setup(self.request)
        return view.refused(detail)

    def form_valid(self, form: Any) -> HttpResponse:
        """Sign them in, and go where they wanted to."""
        if self.attempt is not None:
            self.attempt.was_right()
        found = form.cleaned_data["credential"]
        login = Login(user=found.user, redirect_url=get_next_redirect_url(self.request))
        return flows.perform_passwordless_login(self.request, found, login)

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.refused(say("passkey.unknown"))


def _ways(request: HttpRequest, kinds: frozenset[str], options: Any, refusal: str) -> dict[str, Any]:
    return {
        "refusal": refusal,
        "asks_for_code": bool(kinds - {second_factors.PASSKEY}),
        "has_app": second_factors.TOTP in kinds,
        "has_recovery_codes": second_factors.RECOVERY_CODES in kinds,
        "asks_for_passkey": second_factors.PASSKEY in kinds and second_factors.has_passkeys_here(request),
        "passkey_options": options,
    }


def _codes_left(codes: Any) -> int | None:
    """How many recovery codes were not used, without reading them; None if somebody has none."""
    if codes is None:
        return None
    data = codes.instance.data
    if "migrated_codes" in data:
        return len(data["migrated_codes"])
    return app_settings.RECOVERY_CODE_COUNT - int(data["used_mask"]).bit_count()


def _picture(svg: str) -> SafeString:
    """The picture code as a part of the page. The library that drew it writes nothing of ours but its path."""
    return mark_safe(svg.partition("?>")[2] or svg)  # noqa: S308


def _url_of(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
