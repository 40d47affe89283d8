# To be sourced: sets up the virtual environment on first use and activates it.
# `source path.sh` works from every folder. See local/install.sh for the settings.

urgent26_root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../.." && pwd -P) || return 2
bash "$urgent26_root/local/install.sh" || return 2

export VIRTUAL_ENV=${URGENT26_VENV:-$urgent26_root/.venv}
[[ $VIRTUAL_ENV == /* ]] || VIRTUAL_ENV=$PWD/$VIRTUAL_ENV
export PATH=$VIRTUAL_ENV/bin:$PATH
export PYTHONUTF8=1  # lists are UTF-8, whatever the locale

# ESPnet 202511 looks for two NLTK files at every import and downloads them where they are missing.
# Speech enhancement needs neither; empty zip archives of these names keep it quiet.
if [[ -z ${NLTK_DATA:-} ]] &&
    compgen -G "$VIRTUAL_ENV/lib/python3.*/site-packages/espnet-2025*" >/dev/null; then
    export NLTK_DATA=$VIRTUAL_ENV/nltk_data
    mkdir -p "$NLTK_DATA/taggers" "$NLTK_DATA/corpora"
    for urgent26_file in taggers/averaged_perceptron_tagger_eng.zip corpora/cmudict.zip; do
        [[ -s $NLTK_DATA/$urgent26_file ]] ||
            printf 'PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' >"$NLTK_DATA/$urgent26_file"
    done
    unset urgent26_file
fi
unset urgent26_root
