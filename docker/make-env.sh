#!/bin/sh
# docker/make-env.sh: creates the files of docker/env that compose.yaml needs and that are missing, with a new password.
set -eu
usage='usage: sh docker/make-env.sh'
case ${1-} in
  '') ;;
  -h | --help) echo "$usage" && exit 0 ;;
  *) echo "$usage" >&2 && exit 2 ;;
esac
cd "$(dirname "$0")/env"
umask 077

if [ ! -e postgres.env ] && [ ! -e database.env ]; then
  password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
  printf 'POSTGRES_USER=communique\nPOSTGRES_DB=communique\nPOSTGRES_PASSWORD=%s\n' "$password" > postgres.env
  printf 'DATABASE_URL=postgresql://communique:%s@postgres:5432/communique\n' "$password" > database.env
  echo 'made docker/env/postgres.env and database.env'
elif [ ! -e postgres.env ] || [ ! -e database.env ]; then
  # A new file would have another password than the existing one.
  echo 'docker/env: postgres.env and database.env belong together, and one of them is missing' >&2
  exit 1
fi
for name in gateway.env egress.json; do
  example=${name%.*}.example.${name##*.}
  if [ ! -e "$name" ]; then
    cp "$example" "$name"
    echo "made docker/env/$name: edit it"
  fi
done
# A program in the container reads egress.json as a different user.
chmod 0644 egress.json
