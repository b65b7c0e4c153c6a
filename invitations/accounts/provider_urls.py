"""The URLs of identity providers, which `urls` includes where the project can have any."""

from __future__ import annotations

from django.urls import path

from invitations.accounts import provider_views as views

urlpatterns = [
    path("sign-in/with/cancelled/", views.Cancelled.as_view(), name="socialaccount_login_cancelled"),
    path("sign-in/with/<slug:provider_id>/", views.GoToProvider.as_view(), name="openid_connect_login"),
    path("sign-in/with/<slug:provider_id>/back/", views.ComeBack.as_view(), name="openid_connect_callback"),
    path("sign-up/names/", views.SignUp.as_view(), name="socialaccount_signup"),
    path("account/sign-ins/", views.Connections.as_view(), name="socialaccount_connections"),
]
