# Patron in one container: server, worker and, without DATABASE_URL, its own PostgreSQL.
#
#   docker build --tag patron .
#   docker run --init --publish 8000:8000 --volume patron:/data patron
#
# docs/operations.md, "In a container", says what to set.
FROM python:3.11-slim

# PostgreSQL refuses to run as root, and nothing here needs to be root.
RUN useradd --uid 10001 --no-create-home --home-dir /data patron \
 && install --directory --owner patron --group patron --mode 0700 /data

WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps .

USER patron
ENV PATRON_HOME=/data PATRON_HOST=0.0.0.0
VOLUME /data
EXPOSE 8000
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import os, urllib.request as web; web.urlopen('http://127.0.0.1:' + os.environ.get('PORT', '8000') + '/readyz', timeout=5)"]

# `docker exec CONTAINER patron tenant list` runs the other commands. SIGTERM drains requests and stops everything.
ENTRYPOINT ["patron"]
CMD ["serve", "--no-demo"]
