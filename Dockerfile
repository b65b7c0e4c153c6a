# Callinvite in one image: web, dispatcher and manage.py. Needs no settings to try:
#     docker build --tag callinvite . && docker run --rm --publish 8000:8000 --volume callinvite:/var/lib/callinvite callinvite
# deploy/compose.yaml runs it with PostgreSQL, Valkey and nginx; docs/production.md says how.

FROM python:3.11-slim-bookworm AS packages
WORKDIR /opt/callinvite
COPY requirements requirements
RUN requirements/install base && requirements/install bundler

FROM python:3.11-slim-bookworm
WORKDIR /opt/callinvite
ENV PATH=/opt/callinvite/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CALLINVITE_DATA_DIR=/var/lib/callinvite \
    CALLINVITE_STATIC_ROOT=/var/www/callinvite
# A user with a number and no name, which any platform can check for not being root. It owns the data, not the program.
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/callinvite \
    && install -d -o 10001 -g 10001 -m 0755 /var/www/callinvite
COPY --from=packages /opt/callinvite/.venv .venv
COPY manage.py manage.py
COPY callinvite callinvite
COPY invitations invitations
COPY templates templates
COPY static static
COPY deploy/healthcheck.py deploy/healthcheck.py
RUN python -m compileall -q callinvite invitations
USER 10001:10001
# With a key for this step only: one that it made itself would be in the image, where everyone could read it.
RUN SECRET_KEY=not-used-to-sign python manage.py collectstatic --no-input --verbosity 0

VOLUME /var/lib/callinvite
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "deploy/healthcheck.py", "8000"]
CMD ["sh", "-c", "python manage.py migrate --verbosity 0 && exec python manage.py serve --host 0.0.0.0 --port 8000"]
