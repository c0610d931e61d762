FROM python:3.13-slim

# What OpenCV links to, and slim images lack.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY omrclip omrclip
COPY templates_omr templates_omr
COPY samples samples
# Extras to install, such as dask,s3.
ARG EXTRAS=""
RUN pip install --no-cache-dir ".${EXTRAS:+[$EXTRAS]}"

# The service runs as this user, who owns all that it writes; .ci/try_image.py tries that.
WORKDIR /srv/omrclip
RUN install --directory --owner=1000 --group=1000 --mode=0700 templates images results accounts cache
USER 1000:1000
RUN omrclip init /srv/omrclip
VOLUME ["/srv/omrclip/templates", "/srv/omrclip/images", "/srv/omrclip/results", "/srv/omrclip/accounts", "/srv/omrclip/cache"]

# Within the container every address is reached from outside it only as far as `docker run -p` says. The server starts
# when there is a user or a client.
ENV OMRCLIP_HOME=/srv/omrclip OMRCLIP_HOST=0.0.0.0 OMRCLIP_ALLOW_REMOTE=1 OMRCLIP_CACHE_FOLDER=cache \
    OMRCLIP_ACCOUNTS=/srv/omrclip/accounts/accounts.sqlite
EXPOSE 8080
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health')"]
CMD ["omrclip", "serve"]
