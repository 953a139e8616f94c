#!/bin/sh
# git runs this with its question as the argument, and reads the answer. It asks for any host that it is redirected to: only
# the one that the token is for gets it. printf is built into sh: no process has the token among its arguments.
user=x-access-token
case "$1" in
"Username for '$GITHUB_ORIGIN': ") printf '%s\n' "$user" ;;
"Password for '${GITHUB_ORIGIN%%://*}://$user@${GITHUB_ORIGIN#*://}': ") printf '%s\n' "$GITHUB_TOKEN" ;;
*)
  printf 'The token is only for %s, but another host asked for it: %s\n' "$GITHUB_ORIGIN" "$1" >&2
  exit 1
  ;;
esac
