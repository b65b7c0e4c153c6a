"""The way to a provider and back, and the list of the providers by which somebody signs in."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from allauth.core.internal.httpkit import authenticated_user
from allauth.socialaccount import views as allauth
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_not_required, login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import View

from invitations.accounts.offers import offered
from invitations.accounts.provider_forms import ProviderSignUpForm
from invitations.accounts.provider_requests import Refusal, room
from invitations.accounts.providers import ProviderAdapter
from invitations.errors import CallError
from invitations.pages.views import leave_to
from invitations.requests import throttles
from invitations.requests.problems import RETRY_SECONDS
from invitations.words import say

PROCESSES = (AuthProcess.LOGIN, AuthProcess.CONNECT, AuthProcess.REDIRECT)


@method_decorator([login_not_required, never_cache], name="dispatch")
class GoToProvider(View):
    """Sends a browser to a provider. Only by POST, so that no other site can start it."""

    def get(self, request: HttpRequest, provider_id: str) -> HttpResponse:
        return redirect("account_login")

    def post(self, request: HttpRequest, provider_id: str) -> HttpResponseBase:
        process = request.POST.get("process", AuthProcess.LOGIN)
        if process not in PROCESSES or request.user.is_authenticated == (process == AuthProcess.LOGIN):
            return redirect("account_login")
        if process == AuthProcess.CONNECT and is_reauthentication_required(request, app="allauth.socialaccount"):
            return redirect("socialaccount_connections")
        try:
            throttles.check_provider(request)
            provider = get_adapter(request).get_provider(request, provider_id)
            answer = provider.redirect_from_request(request)
        except CallError as error:
            return _busy(request, error.detail, 429, error.extra["retry_after_seconds"])
        except SocialApp.DoesNotExist:
            raise Http404 from None
        except Refusal as refusal:
            get_adapter(request).on_authentication_error(request, provider, exception=refusal)
            raise
        if not isinstance(answer, HttpResponseRedirect):
            return answer
        return leave_to(request, answer.url, provider.name)


@method_decorator([login_not_required, never_cache], name="dispatch")
class ComeBack(View):
    """Where a provider sends a browser back to, with a code."""

    def get(self, request: HttpRequest, provider_id: str) -> HttpResponseBase:
        if not room.acquire(blocking=False):
            return _busy(request, say("sign_in.busy"), 503, RETRY_SECONDS)
        try:
            conversation = ProviderAdapter(request, provider_id)
            conversation.get_provider()
            answer: HttpResponseBase = _Callback.adapter_view(conversation)(request)
            return answer
        except SocialApp.DoesNotExist:
            raise Http404 from None
        finally:
            room.release()


class _Callback(OAuth2CallbackView):
    """allauth's, which does not tell the adapter what was kept for the way back."""

    adapter: ProviderAdapter

    def _get_state(self, request: HttpRequest, provider: Any) -> tuple[Any, Any]:
        state, refusal = super()._get_state(request, provider)
        self.adapter.state = state or {}
        if state is not None:
            self._check_issuer(request, provider)
        return state, refusal

    def _check_issuer(self, request: HttpRequest, provider: Any) -> None:
        """An answer of another provider than the one that was asked is none (RFC 9207)."""
        try:
            described = self.adapter.described
            named = request.GET.get("iss")
            if named != described.issuer and (named is not None or described.names_itself):
                raise Refusal("issuer")
        except Refusal as refusal:
            get_adapter(request).on_authentication_error(
                request, provider, exception=refusal, extra_context={"state": self.adapter.state}
            )


@method_decorator(never_cache, name="dispatch")
class SignUp(allauth.SignupView):
    """Asks for another name, where the one that the provider suggests is taken or cannot be one."""

    form_class = ProviderSignUpForm
    template_name = "callinvite/accounts/provider_sign_up.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"name": self.sociallogin.provider.name}


@method_decorator([login_not_required, never_cache], name="dispatch")
class Cancelled(allauth.LoginCancelledView):
    """Says that nothing came of it, because somebody pressed "cancel" at the provider."""

    template_name = "callinvite/accounts/provider_cancelled.html"


@method_decorator(
    [login_required, never_cache, reauthentication_required(app="allauth.socialaccount")], name="dispatch"
)
class Connections(allauth.ConnectionsView):
    """The providers by which somebody signs in, and those that could be added."""

    template_name = "callinvite/accounts/connections.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        accounts = SocialAccount.objects.filter(user_id=self.request.user.pk).order_by("date_joined")
        connected = {each.provider for each in accounts}
        known = {each.sub_id: each for each in offered(self.request)}
        return super().get_context_data(**kwargs) | {
            "connected": [
                {"row": each, "name": known[each.provider].name if each.provider in known else each.provider}
                for each in accounts
            ],
            "providers": [each for key, each in known.items() if key not in connected],
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Take one away. One at a time: of two at once, each would count on the other."""
        with transaction.atomic():
            get_user_model()._default_manager.select_for_update().get(pk=authenticated_user(request).pk)
            answer: HttpResponseBase = super().post(request, *args, **kwargs)
            return answer


def _busy(request: HttpRequest, said: Any, status: int, seconds: int) -> HttpResponse:
    """A page that says when to come again. Nothing was done: what was asked for can be asked for again."""
    answer = render(request, "callinvite/accounts/provider_refused.html", {"said": said, "again": True}, status=status)
    answer.headers["Retry-After"] = str(seconds)
    return answer
