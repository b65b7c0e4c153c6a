"""The URLs that people open in a browser; everything else happens inside the shell page."""

from __future__ import annotations

from django.urls import path

from invitations.pages import sdk, uploads, views

urlpatterns = [
    path("", views.Shell.as_view(), name="shell"),
    path("sign-out/", views.SignOut.as_view(), name="sign_out"),
    path("service-worker.js", views.ServiceWorker.as_view(), name="service_worker"),
    path("service-worker/<slug:part>.js", views.ServiceWorker.as_view(), name="service_worker_part"),
    path("sdk/v1/<str:name>", sdk.Sdk.as_view(), name="sdk"),
    path("uploads/ring-resources/<str:name>", uploads.RingUpload.as_view(), name="ring_upload"),
    path("app.webmanifest", views.AppManifest.as_view(), name="app_manifest"),
]
