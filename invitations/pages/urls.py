"""The addresses that people open in a browser; everything else they do happens inside the shell page."""

from __future__ import annotations

from django.urls import path

from invitations.pages import views

urlpatterns = [
    path("", views.Shell.as_view(), name="shell"),
    path("sign-in/", views.SignIn.as_view(), name="sign_in"),
    path("sign-up/", views.SignUp.as_view(), name="sign_up"),
    path("sign-out/", views.SignOut.as_view(), name="sign_out"),
    path("app.webmanifest", views.AppManifest.as_view(), name="app_manifest"),
]
