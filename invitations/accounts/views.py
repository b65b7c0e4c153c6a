"""allauth's pages in our look. What happens on them is allauth's; who is kept out, and for how long, is ours."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from allauth.account import views as allauth
from allauth.account.internal.flows.email_verification import consume_email_verification_rate_limit
from allauth.account.signals import authentication_step_completed
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.dispatch import receiver
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView, View

from invitations import mailing
from invitations.accounts import forms, links
from invitations.accounts.offers import offered, offered_to
from invitations.conf import limits
from invitations.credentials import second_factors
from invitations.errors import CallError, Code
from invitations.models import SignUpLink
from invitations.requests import passwords, throttles
from invitations.requests.problems import STATUS
from invitations.words import say, say_lazy


class GuardedMixin:
    """A page with a door: where it is shut, the page says for how long, and the answer's status and headers too."""

    request: HttpRequest

    def door(self) -> AbstractContextManager[throttles.Attempt | None]:
        """What is around all that happens with the form."""
        return nullcontext()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            with self.door() as self.attempt:
                return super().post(request, *args, **kwargs)  # type: ignore[misc]
        except CallError as error:
            return self.with_status(self.refused(error.detail), error)

    def refused(self, detail: str) -> HttpResponse:
        """The page with this sentence above an empty form."""
        form = self.get_form_class()(**self.get_form_kwargs() | {"data": None, "files": None})  # type: ignore[attr-defined]
        context = self.get_context_data(form=form, refusal=detail)  # type: ignore[attr-defined]
        answer: HttpResponse = self.render_to_response(context)  # type: ignore[attr-defined]
        return answer

    @staticmethod
    def with_status(answer: HttpResponse, error: CallError) -> HttpResponse:
        """A page that says why, with the status and headers of the refusal."""
        answer.status_code = STATUS[error.code]
        if "retry_after_seconds" in error.extra:
            answer.headers["Retry-After"] = str(error.extra["retry_after_seconds"])
        return answer

    def form_valid(self, form: Any) -> HttpResponse:
        if self.attempt is not None:
            self.attempt.was_right()
        answer: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        return answer


class HashingMixin(GuardedMixin):
    """A page on which a password is chosen, and so hashed. Where one is asked for, the adapter sees to it."""

    def door(self) -> AbstractContextManager[throttles.Attempt | None]:
        return throttles.door(self.request, self.request.user.get_username() or None)


class PasswordMixin(HashingMixin):
    """A page that is there where people get in by passwords."""

    # Those behind it say themselves whether somebody must be signed in.
    @method_decorator(login_not_required)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not passwords.are_allowed():
            context = {"providers": offered(request)}
            return render(request, "callinvite/accounts/passwords_off.html", context, status=403)
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class SignIn(GuardedMixin, allauth.LoginView):
    """Signs a browser in, or redirects to the app if it is signed in."""

    form_class = forms.SignInForm
    template_name = "callinvite/accounts/sign_in.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        told = {
            "signup_open": limits().signup == "open" and passwords.are_allowed(),
            "takes_passwords": passwords.are_allowed(),
            "providers": offered(self.request),
            "has_passkeys_here": second_factors.has_passkeys_here(self.request) and passwords.are_allowed(),
        }
        return super().get_context_data(**kwargs) | told


class SignUp(PasswordMixin, allauth.SignupView):
    """Creates an account and signs it in, if the operator allows sign-up."""

    form_class = forms.SignUpForm
    template_name = "callinvite/accounts/sign_up.html"

    def get_initial(self) -> dict[str, Any]:
        """The address that the link was made for."""
        link = links.held(self.request, timezone.now())
        return {**super().get_initial(), **({"email": link.email} if link is not None and link.email else {})}

    def closed(self) -> HttpResponse:
        """A page that says why not, and whom to ask for an account, instead of a bare 404."""
        return _no_sign_up(self.request, self.request.session.get(links.IN_SESSION))

    def form_valid(self, form: Any) -> HttpResponse:
        throttles.check_signup(self.request)
        if email := form.cleaned_data.get("email"):
            throttles.check_mail(self.request, email)
        try:
            return super().form_valid(form)
        except PermissionDenied:
            # Of two who had the same link, the other was first.
            return self.closed()


@method_decorator([login_not_required, never_cache], name="dispatch")
class SignUpByLink(View):
    """Where a link of `accounts.links` leads: takes its token out of the address, where the next page would see it."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Remember the link, and go on to the form; or say why it is of no use. For such, no session is made."""
        if request.user.is_authenticated:
            return redirect("account_signup")
        if SignUpLink.objects.of_token(token, timezone.now()) is not None:
            request.session[links.IN_SESSION] = token
        elif limits().signup == "invite":
            return _no_sign_up(request, token)
        return redirect("account_signup")


class ChangePassword(PasswordMixin, allauth.PasswordChangeView):
    """A new password for whoever knows the present one."""

    form_class = forms.ChangePasswordForm
    template_name = "callinvite/accounts/password_change.html"
    success_url = reverse_lazy("account_password_changed")


class SetPassword(PasswordMixin, allauth.PasswordSetView):
    """A first password for somebody who signs in without one."""

    form_class = forms.SetPasswordForm
    template_name = "callinvite/accounts/password_set.html"
    success_url = reverse_lazy("account_password_changed")


class ResetPassword(PasswordMixin, allauth.PasswordResetView):
    """Sends a link to a new password; says the same whether or not the address is somebody's."""

    form_class = forms.ResetPasswordForm
    template_name = "callinvite/accounts/password_reset.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"can_send_mail": mailing.can_send()}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not mailing.can_send():
            return self.get(request, *args, **kwargs)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        throttles.check_mail(self.request, form.cleaned_data["email"])
        return super().form_valid(form)


class ResetPasswordSent(allauth.PasswordResetDoneView):
    """Says to look at one's mail."""

    template_name = "callinvite/accounts/password_reset_sent.html"


class NewPassword(PasswordMixin, allauth.PasswordResetFromKeyView):
    """What the link of a reset leads to."""

    form_class = forms.NewPasswordForm
    template_name = "callinvite/accounts/password_new.html"


class NewPasswordSet(allauth.PasswordResetFromKeyDoneView):
    """Says that the password is changed."""

    template_name = "callinvite/accounts/password_new_set.html"


class Email(GuardedMixin, allauth.EmailView):
    """One's email address, and a new one."""

    form_class = forms.EmailForm
    template_name = "callinvite/accounts/email.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        told = {"can_send_mail": mailing.can_send(), "submit_name": "action_add"}
        return super().get_context_data(**kwargs) | told

    def refused(self, detail: str) -> HttpResponse:
        return self._saying(detail, is_refusal=True)

    def form_valid(self, form: Any) -> HttpResponse:
        _check_link(self.request, form.cleaned_data["email"])
        return super().form_valid(form)

    def _action_send(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        """Send a new link, and say so, or why not: allauth says nothing of either."""
        address = self._get_email_address(request)
        if address is None or address.verified:
            return None
        _check_link(request, address.email)
        super()._action_send(request, *args, **kwargs)
        return self._saying(say("account.email.sent_again", email=address.email))

    def _saying(self, said: str, *, is_refusal: bool = False) -> HttpResponse:
        form = self.get_form_class()(**self.get_form_kwargs() | {"data": None, "files": None})
        return self.render_to_response(self.get_context_data(form=form, said=said, is_refusal=is_refusal))


class ConfirmEmail(allauth.ConfirmEmailView):
    """What the link of a confirmation leads to. Nothing is confirmed before the button is pressed: programs that look
    at mail open links."""

    template_name = "callinvite/accounts/email_confirm.html"

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().post(*args, **kwargs)
        except Http404:
            return self.get(*args, **kwargs)

    def respond(self, success: bool) -> HttpResponse:
        """Say that it is done, or that somebody else has confirmed the address meanwhile."""
        return redirect("account_email_confirmed") if success else super().respond(success)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        is_confirmed = self.object is None and links.was_confirmed(self.kwargs["key"])
        return super().get_context_data(**kwargs) | {"is_confirmed": is_confirmed}


@method_decorator(login_not_required, name="dispatch")
class EmailConfirmed(TemplateView):
    """Says that the address is confirmed, in whatever browser it was."""

    template_name = "callinvite/accounts/email_confirmed.html"


class ConfirmEmailSent(allauth.EmailVerificationSentView):
    """Says to look at one's mail."""

    template_name = "callinvite/accounts/email_confirm_sent.html"


class Reauthenticate(GuardedMixin, allauth.ReauthenticateView):
    """Asks for the password again before something that guards the account is changed."""

    form_class = forms.ReauthenticateForm
    template_name = "callinvite/accounts/reauthenticate.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user: Any = self.request.user
        told = {
            "takes_passwords": passwords.are_allowed() and user.has_usable_password(),
            "providers": offered_to(user, self.request),
        }
        return super().get_context_data(**kwargs) | told


@method_decorator(never_cache, name="dispatch")
class Inactive(allauth.AccountInactiveView):
    """Nobody is told that an account is switched off: back to the sign-in page."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect("account_login")


def _no_sign_up(request: HttpRequest, token: str | None) -> HttpResponse:
    heading, lead = links.why_closed(token, timezone.now())
    context = {"why_closed": {"heading": say(heading), "lead": say(lead)}}
    return render(request, "callinvite/accounts/sign_up_closed.html", context, status=403)


def _check_link(request: HttpRequest, email: str) -> None:
    """Count a link that is about to be sent. Another one so soon is refused: allauth would send none, and say nothing.

    Raises:
        CallError: `throttled`.
    """
    if not consume_email_verification_rate_limit(request, email, dry_run=True):
        raise CallError(Code.THROTTLED, say_lazy("account.email.wait", email=email))
    throttles.check_mail(request, email)


@receiver(authentication_step_completed, dispatch_uid="invitations.accounts")
def _proved_anew(request: HttpRequest, reauthenticated: bool = False, **_: object) -> None:
    """Give the session another key, whatever the proof was: whoever got hold of the former one gains nothing."""
    if reauthenticated:
        request.session.cycle_key()
