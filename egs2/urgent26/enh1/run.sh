#!/usr/bin/env bash
# Universal speech enhancement from a corpus to scores, a submission and a published model, in ten stages.
# ./run.sh --help lists the options.
set -euo pipefail

recipe_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)

# name=default  # help. The option --name sets the variable of that name.
options=(
    "stage=1  # first stage to run"
    "stop_stage=7  # last stage to run; a later --stage moves it"
    "corpus=mini  # mini (built in), folder (--clean_dir, --noise_dir), urgent26 (folders in db.sh)"
    "corpus_dir=  # where the corpus goes (default: DUMPDIR/corpus_CORPUS)"
    "clean_dir=  # for --corpus folder: clean speech"
    "noise_dir=  # for --corpus folder: noise"
    "rir_dir=  # for --corpus folder: room impulse responses (optional)"
    "mini_utterances=300  # size of the built-in corpus"
    "allow_missing=false  # for --corpus urgent26; true: go on without the corpora that db.sh does not name"
    "wind_files=200  # for --corpus urgent26: wind noises to make per rate (15 s each)"
    "ready_made=false  # for --corpus urgent26; true: fetch sets that are simulated from the Hugging Face hub"
    "fixes=  # for --corpus urgent26: corrections of its simulation: reverberation_share wind_level wind_clipping"
    "extra_test=  # NAME=NOISY_DIR[,CLEAN_DIR]: enhance and score this too; may be repeated"
    "skip_bad=false  # true: leave out recordings that cannot be used instead of stopping"
    "datadir=data  # data folders"
    "dumpdir=dump  # corpus and simulated speech"
    "expdir=exp  # models, enhanced speech, scores"
    "enh_tag=  # name of the experiment (default: that of the training configuration; with --checkpoint, of the enhancement; with --train_part, gap_urgenet)"
    "simulate_config=conf/simulate/restoration_mini.yaml  # degradations (one version each: conf/simulate/restoration.yaml)"
    "on_the_fly=false  # true: degrade training speech anew in every epoch, without files of it"
    "train_config=conf/train/semamba_pp_mini.yaml  # model and training (full: conf/train/semamba_pp.yaml)"
    "enh_task=auto  # gan: train against discriminators, enh: without, auto: as the configuration says"
    "init=  # checkpoint to start the training from (official file, experiment folder, pack)"
    "train_part=  # train GAP-URGENet: dewavlm, vocoder, adapter, predictor, postnet, all, or then joint (conf/train/gap_PART.yaml)"
    "teacher=  # for --train_part: WavLM-Large (folder of transformers, WavLM-Large.pt), or random to try it out; for conf/train/gap_student.yaml: GAP-URGENet (experiment, pack, folder of its five files)"
    "frozen_cache=  # for --train_part and students: folder that keeps what frozen networks give (conf/train/gap_common.yaml says when it pays)"
    "inference_config=conf/enhance/semamba_pp.yaml  # enhancement"
    "model=  # semamba_pp, gap_urgenet or espnet: short for --inference_config conf/enhance/MODEL.yaml"
    "checkpoint=  # enhance with this model instead of training one: official file or folder, pack, hub tag"
    "metrics=  # stage 7: A,B or all (default: PESQ,ESTOI,SI_SDR,LSD,DNSMOS, which need no weights)"
    "weights_dir=  # stage 7: weights of metrics (default: where urgent26 weights --fetch puts them)"
    "score_device=cpu  # stage 7: of the metrics' networks: cpu, cuda, cuda:1"
    "submission_readme=  # stage 8: the filled README.yaml (urgent26 package --template FILE writes the form)"
    "submission_set=  # stage 8: the test set to submit (default: that of --extra_test)"
    "hf_repo=  # stage 10: repository of the Hugging Face hub, ORGANISATION/NAME"
    "hf_private=false  # stage 10; true: a new repository is for you alone"
    "hf_permission=  # stage 10: who allowed to publish weights that have no licence, and when"
    "ngpu=0  # GPUs for training; enhancement takes one if there is any"
    "nj=  # processes for data, enhancement and scores (default: number of cores)"
    "seed=0  # of corpus, simulation and training"
    "force=false  # true: make again what is there, also with other settings"
    "python=  # interpreter to use as it is (default: .venv, set up on first use)"
)
switches=" skip_bad on_the_fly force allow_missing ready_made hf_private "  # may come without a value, which means true
extra_tests=()
given=" "

fail() {
    printf 'run.sh: %s\n' "$*" >&2
    exit 2
}

usage() {
    local option name rest
    printf 'usage: ./run.sh [--option value | --option=value] ...\n\n'
    printf 'Universal speech enhancement: 1 corpus, 2 simulate, 3 check and format, 4 statistics, 5 train,\n'
    printf '6 enhance, 7 score, 8 package a submission to the challenge, 9 pack the model for the model zoo of ESPnet,\n'
    printf '10 upload the pack. Every stage can be run alone and again; what is done is not done twice.\n\n'
    for option in "${options[@]}"; do
        name=${option%%=*} rest=${option#*=}
        printf '  --%-17s %s' "$name" "${rest#*"  # "}"
        [[ -z ${rest%%"  # "*} ]] || printf ' [%s]' "${rest%%"  # "*}"
        printf '\n'
    done
    printf '  --%-17s %s\n' help "this text"
    printf '\nPaths shown in [ ] lie in the folder of run.sh; those that you give count from where you are.\n'
}

nearest() {
    local option asked=${1//[-_]/}
    for option in "${options[@]}"; do
        option=${option%%=*}
        if [[ ${option//_/} == "$asked"* || $asked == "${option//_/}"* ]]; then
            printf '; did you mean --%s?' "$option"
            return
        fi
    done
    printf '; ./run.sh --help lists all'
}

for option in "${options[@]}"; do
    rest=${option#*=}
    declare "${option%%=*}=${rest%%"  # "*}"
done

command_line=$(printf '%q ' ./run.sh "$@")
while (($#)); do
    case $1 in
        -h | --help) usage && exit 0 ;;
        --?*) ;;
        *) fail "'$1' is no option; options begin with --" ;;
    esac
    name=${1#--} name=${name%%=*}
    [[ " ${options[*]%%=*} " == *" $name "* ]] || fail "unknown option --$name$(nearest "$name")"
    if [[ $1 == *=* ]]; then
        value=${1#*=}
    elif (($# > 1)) && [[ $2 != --* ]]; then
        value=$2
        shift
    elif [[ $switches == *" $name "* ]]; then
        value=true
    else
        fail "option --$name needs a value"
    fi
    shift
    if [[ $name == extra_test ]]; then
        extra_tests+=("$value")
    else
        declare "$name=$value"
    fi
    given+="$name "
done

if [[ -n $model ]]; then
    [[ $given != *" inference_config "* ]] || fail "give --model or --inference_config, not both"
    inference_config=conf/enhance/$model.yaml
    [[ -f $recipe_dir/$inference_config ]] || fail "--model takes semamba_pp, gap_urgenet or espnet, not '$model'"
fi
if [[ -n $train_part ]]; then
    [[ $train_part =~ ^(all|dewavlm|encoder|vocoder|adapter|predictor|postnet|joint)$ ]] ||
        fail "--train_part takes all, dewavlm, vocoder, adapter, predictor, postnet or joint, not '$train_part'"
    [[ $given == *" train_config "* ]] || train_config=conf/train/gap_PART.yaml
    [[ -n $model || $given == *" inference_config "* ]] || inference_config=conf/enhance/gap_urgenet.yaml
    : "${enh_tag:=gap_urgenet}"
fi
if [[ $corpus == urgent26 && $given != *" simulate_config "* ]]; then
    simulate_config=conf/simulate/urgent26_train.yaml
fi
# What was not given lies in the recipe's folder, from wherever the script is called.
if [[ ! $PWD -ef $recipe_dir ]]; then
    for name in datadir dumpdir expdir simulate_config train_config inference_config; do
        [[ $given == *" $name "* ]] || declare "$name=$recipe_dir/${!name}"
    done
fi
for name in stage stop_stage seed ngpu mini_utterances wind_files; do
    [[ ${!name} =~ ^[0-9]+$ ]] || fail "--$name takes a whole number, not '${!name}'"
done
if [[ $given != *" stop_stage "* ]] && ((stage > stop_stage)); then stop_stage=$stage; fi
((stage >= 1 && stop_stage <= 10 && stage <= stop_stage)) ||
    fail "--stage $stage --stop_stage $stop_stage: stages are 1 to 10, in this order"
# On the way to a later stage, a submission is made only if there is a README.yaml for it.
if ((stage == 8 || stop_stage == 8)) || [[ -n $submission_readme ]] && ((stage <= 8 && 8 <= stop_stage)) &&
    [[ ! -f $submission_readme ]]; then
    fail "stage 8 needs --submission_readme FILE; urgent26 package --template FILE writes a form to fill in"
fi
if ((stage == 10)) && [[ -z $hf_repo ]]; then
    fail "stage 10 needs --hf_repo ORGANISATION/NAME, a repository of the Hugging Face hub; it is made if need be"
fi
: "${nj:=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)}"
[[ $nj =~ ^[1-9][0-9]*$ ]] || fail "--nj takes a whole number above 0, not '$nj'"
[[ $enh_task =~ ^(auto|enh|gan)$ ]] || fail "--enh_task takes auto, enh or gan, not '$enh_task'"
for name in $switches; do
    [[ ${!name} == true || ${!name} == false ]] || fail "--$name takes true or false, not '${!name}'"
done
: "${corpus_dir:=$dumpdir/corpus_$corpus}"
if [[ -z $enh_tag ]]; then
    enh_tag=$(basename -- "$([[ -z $checkpoint ]] && echo "$train_config" || echo "$inference_config")")
    enh_tag=${enh_tag%.y*ml}
fi
experiment=$expdir/$enh_tag

if [[ -n $python ]]; then
    type -P "$python" >/dev/null ||
        fail "--python $python does not exist; name an interpreter or leave it out"
else
    # shellcheck source=path.sh
    source "$recipe_dir/path.sh" || exit 2
    python=$VIRTUAL_ENV/bin/python
fi
# shellcheck source=cmd.sh
source "$recipe_dir/cmd.sh"
# shellcheck source=db.sh
source "$recipe_dir/db.sh"
export PYTHONUNBUFFERED=1

common=()
[[ $force == false ]] || common+=(--force)
tests=()
for value in ${extra_tests[@]+"${extra_tests[@]}"}; do tests+=(--extra_test "$value"); done
folder_options=()
for name in clean_dir noise_dir rir_dir; do
    [[ -z ${!name} ]] || folder_options+=("--$name" "${!name}")
done
if [[ $corpus == urgent26 ]]; then
    folder_options+=(--data_dir "$datadir" --wind_files "$wind_files" --nj "$nj")
    for name in $urgent26_corpora; do
        [[ -z ${!name} ]] || folder_options+=(--download "$name=${!name}")
    done
    [[ -z $URGENT26_META ]] || folder_options+=(--id_lists "$URGENT26_META")
    [[ -z $URGENT25_DATAFILES ]] || folder_options+=(--bandwidths "$URGENT25_DATAFILES")
    [[ $allow_missing == false ]] || folder_options+=(--allow_missing)
    [[ $ready_made == false ]] || folder_options+=(--ready_made)
fi
challenge_options=()
[[ $corpus != urgent26 ]] || challenge_options=(--data_dir "$datadir")
# The names are split at blanks.
# shellcheck disable=SC2206
[[ -z $fixes ]] || challenge_options+=(--fixes $fixes)
fresh_options=() fresh_training=(--corpus_dir "$corpus_dir")  # the training configuration may ask for it too
if [[ $on_the_fly == true ]]; then
    fresh_options=(--on_the_fly)
    fresh_config=$simulate_config
    if [[ $corpus == urgent26 && $given != *" simulate_config "* ]]; then
        fresh_config=${simulate_config%train.yaml}on_the_fly.yaml
    fi
    if [[ -n $train_part$teacher && $given != *" simulate_config "* ]]; then
        fresh_config=$(dirname -- "$simulate_config")/gap_urgenet.yaml
    fi
    fresh_training+=(--degradation "$fresh_config")
fi
init_options=()
[[ -z $init ]] || init_options=(--init "$init")
[[ -z $train_part ]] || init_options+=(--train_part "$train_part")
[[ -z $teacher ]] || init_options+=(--teacher "$teacher")
[[ -z $frozen_cache ]] || init_options+=(--frozen_cache "$frozen_cache")
checkpoint_options=()
[[ -z $checkpoint ]] || checkpoint_options=(--checkpoint "$checkpoint")
upload_options=()
[[ $hf_private == false ]] || upload_options+=(--private)
[[ -z $hf_permission ]] || upload_options+=(--permission "$hf_permission")
package_options=()
[[ -z $submission_set ]] || package_options=(--set "$submission_set")
format_options=()
[[ $skip_bad == false ]] || format_options+=(--skip_bad)

# run_stage NUMBER TITLE COMMAND_PREFIX SCRIPT ARGUMENTS...
run_stage() {
    local number=$1 title=$2 prefix=$3 script=$4 began=$SECONDS
    shift 4
    ((stage <= number && number <= stop_stage)) || return 0
    if [[ $number == 5 && -n $checkpoint ]]; then
        printf '\n== Stage 5: nothing to train, as --checkpoint names a model\n'
        return 0
    fi
    if [[ $number == 8 && -z $submission_readme ]]; then
        printf '\n== Stage 8: no submission, as --submission_readme names no file\n'
        return 0
    fi
    if [[ $number == 10 && -z $hf_repo ]]; then
        printf '\n== Stage 10: no upload, as --hf_repo names no repository\n'
        return 0
    fi
    printf '\n== Stage %d: %s\n' "$number" "$title"
    # The prefix is a command with its options, so it is split at blanks.
    # shellcheck disable=SC2086
    $prefix "$python" "$recipe_dir/local/$script" "$@" ${common[@]+"${common[@]}"}
    printf -- '-- Stage %d took %d s\n' "$number" $((SECONDS - began))
}

run_began=$SECONDS
preparation=(
    corpus.py --corpus "$corpus" --corpus_dir "$corpus_dir" --seed "$seed"
    --mini_utterances "$mini_utterances" ${folder_options[@]+"${folder_options[@]}"}
)
if [[ $corpus == urgent26 && $ready_made == false && -n $array_cmd ]]; then
    run_stage 1 "prepare the files of corpus $corpus in an array of jobs" "$array_cmd" "${preparation[@]}"
fi
run_stage 1 "corpus $corpus in $corpus_dir" "$cpu_cmd" "${preparation[@]}"
simulation=(
    simulate.py --corpus_dir "$corpus_dir" --simulated_dir "$dumpdir/simulated" --config "$simulate_config"
    --seed "$seed" --nj "$nj" ${fresh_options[@]+"${fresh_options[@]}"}
    ${challenge_options[@]+"${challenge_options[@]}"}
)
if [[ -z $array_cmd || $ready_made == true ]]; then
    run_stage 2 "simulate degraded speech by $simulate_config" "$cpu_cmd" "${simulation[@]}"
else
    run_stage 2 "draw the simulation by $simulate_config" "$cpu_cmd" "${simulation[@]}" --only draw
    run_stage 2 "render it in an array of jobs" "$array_cmd" "${simulation[@]}" --only render
    run_stage 2 "render what is missing" "$cpu_cmd" "${simulation[@]}" --only render
fi
run_stage 3 "check the audio and write data folders in $datadir" "$cpu_cmd" format_data.py \
    --corpus_dir "$corpus_dir" --simulated_dir "$dumpdir/simulated" --data_dir "$datadir" --nj "$nj" \
    ${format_options[@]+"${format_options[@]}"} ${tests[@]+"${tests[@]}"} \
    ${fresh_options[@]+"${fresh_options[@]}"}
run_stage 4 "statistics of the data" "$cpu_cmd" data_statistics.py \
    --data_dir "$datadir" --simulated_dir "$dumpdir/simulated" --statistics_dir "$expdir/statistics"
run_stage 5 "train $train_config" "$train_cmd" train.py \
    --config "$train_config" --data_dir "$datadir" --statistics_dir "$expdir/statistics" \
    --experiment "$experiment" --ngpu "$ngpu" --nj "$nj" --seed "$seed" \
    --enh_task "$enh_task" ${init_options[@]+"${init_options[@]}"} \
    ${fresh_training[@]+"${fresh_training[@]}"}
run_stage 6 "enhance the test sets with ${checkpoint:-$experiment}" "$gpu_cmd" enhance.py \
    --config "$inference_config" --data_dir "$datadir" --experiment "$experiment" \
    ${checkpoint_options[@]+"${checkpoint_options[@]}"}
run_stage 7 "score noisy and enhanced speech" "$cpu_cmd" score.py \
    --data_dir "$datadir" --experiment "$experiment" --nj "$nj" --reproduce "$command_line" \
    --metrics "$metrics" --weights_dir "$weights_dir" --device "$score_device"
run_stage 8 "package the submission" "$cpu_cmd" package.py \
    --data_dir "$datadir" --experiment "$experiment" --readme "$submission_readme" --nj "$nj" \
    ${package_options[@]+"${package_options[@]}"}
run_stage 9 "pack the model for the model zoo" "$cpu_cmd" pack.py \
    --experiment "$experiment" ${checkpoint_options[@]+"${checkpoint_options[@]}"}
run_stage 10 "upload the pack to $hf_repo" "" upload.py \
    --experiment "$experiment" --repo "$hf_repo" ${upload_options[@]+"${upload_options[@]}"}

printf '\nStages %d to %d took %d s.' "$stage" "$stop_stage" $((SECONDS - run_began))
((stage > 7 || stop_stage < 7)) || printf ' The results are in %s' "$experiment/RESULTS.md"
printf '\n'
