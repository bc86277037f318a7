#!/bin/sh
# A container engine for tests: it notes what it is asked, and answers what the test prepared.
# The lines above the code set D (where the test and this script meet) and KIND.

printf '%s\0' "$KIND" "$PWD" "DOCKER_BUILDKIT=${DOCKER_BUILDKIT-}" "DOCKER_HOST=${DOCKER_HOST-}" "DOCKER_CONTEXT=${DOCKER_CONTEXT-}" "$#" "$@" >>"$D/log"

line= own= before=
for word do
    line="$line|$word|"
    if [ "$before" = --name ]; then own=$word; fi
    before=$word
done

# What the test wants said, and how it wants the call to end.
if [ -f "$D/answers" ]; then
    while IFS='	' read -r status stream file pattern; do
        case $line in
            $pattern)
                if [ "$status" = hang ]; then
                    if [ -n "$own" ]; then echo scratch >"$D/containers/$own"; fi
                    : >"$D/hanging"
                    exec sleep 600
                fi
                if [ "$stream" = err ]; then cat "$file" >&2; else cat "$file"; fi
                # What is made all the same, so that the test sees it there.
                case $status:${1-} in 0:build | 0:bud | 0:pull) said=1; break ;; esac
                exit "$status" ;;
        esac
    done <"$D/answers"
fi

# $1 as a file name: $encoded.
encode() {
    encoded=$1
    while case $encoded in */*) : ;; *) false ;; esac; do encoded=${encoded%%/*}%${encoded#*/}; done
}

# The image called $1: $hex, or status 1.
find() {
    hex=${1#sha256:}
    [ -n "$hex" ] || return 1
    case $hex in */*) ;; *) if [ -d "$D/images/$hex" ]; then return 0; fi ;; esac
    plain "$1"
    [ -f "$D/names/$encoded" ] && read -r hex <"$D/names/$encoded"
}

# The name $1 without what engines add to it: $encoded.
plain() {
    name=${1#localhost/}
    encode "${name%:latest}"
}

# Calls the image $hex by the name $1.
call() {
    plain "$1"
    printf '%s\n' "$hex" >"$D/names/$encoded"
}

# An image that depends on the call alone; its environment is $1.
invent() {
    sum=$(printf %s "$line" | cksum)
    hex=$(printf '%064x' "${sum%% *}")
    mkdir -p "$D/images/$hex/trees"
    printf '%s\n' "$1" >"$D/images/$hex/env"
}

# $1 inside a JSON string: $json.
json() {
    json= rest=$1
    while :; do
        case $rest in
            *[\"\\]*)
                before=${rest%%[\"\\]*}
                rest=${rest#"$before"}
                json="$json$before\\${rest%"${rest#?}"}"
                rest=${rest#?} ;;
            *) json=$json$rest; return ;;
        esac
    done
}

no_image() {
    case $KIND in
        docker) echo "Error: No such image: $1" >&2; exit 1 ;;
        *) echo "Error: $1: image not known" >&2; exit 125 ;;
    esac
}

container() {
    hex=
    [ -f "$D/containers/$1" ] || { echo "Error: No such container: $1" >&2; exit 1; }
    read -r hex <"$D/containers/$1"
    return 0
}

build() {
    tag= base= env= labels= recipe=
    for word do :; done
    case $word in
        /nonexistent/*) echo 'invalid value "rawjson" passed to --progress, valid values are: auto, plain, tty' >&2; exit 125 ;;
    esac
    while [ $# -gt 0 ]; do
        case $1 in
            --tag) tag=$2; shift ;;
            --file) recipe=$2; shift ;;
            --label) labels="$labels${labels:+,}\"${2%%=*}\":\"${2#*=}\""; shift ;;
            --build-arg)
                case ${2%%=*} in
                    BASE_IMAGE | BASE_CONTAINER | ROOT_CONTAINER) base=${2#*=} ;;
                    *) json "$2"; env="$env${env:+,}\"$json\"" ;;
                esac
                shift ;;
        esac
        shift
    done
    if [ -f "$recipe" ]; then
        while read -r word rest; do
            if [ "$word" = LABEL ]; then labels="$labels${labels:+,}\"${rest%%=*}\":${rest#*=}"; fi
        done <"$recipe"
    fi
    inherited= below=
    if find "$base"; then
        read -r inherited <"$D/images/$hex/env"
        if [ -f "$D/images/$hex/labels" ]; then read -r below <"$D/images/$hex/labels"; fi
        labels="$below${below:+${labels:+,}}$labels"
    fi
    plain "$tag"
    if [ -f "$D/next/$encoded" ]; then
        read -r hex <"$D/next/$encoded"
    else
        invent "$env${env:+${inherited:+,}}$inherited"
    fi
    printf '%s\n' "$labels" >"$D/images/$hex/labels"
    call "$tag"
    [ -n "${said-}" ] || printf '#1 [internal] load build definition\n#2 exporting to image\n#2 writing image sha256:%s\n#2 DONE 0.1s\n' "$hex" >&2
}

# What is known of the image $1: $facts.
look() {
    find "$1" || no_image "$1"
    env= labels=
    read -r env <"$D/images/$hex/env"
    if [ -f "$D/images/$hex/labels" ]; then read -r labels <"$D/images/$hex/labels"; fi
    case $KIND in
        docker) facts=$(printf '{"Id":"sha256:%s","Config":{"Env":[%s],"Labels":{%s}},"Size":1000}' "$hex" "$env" "$labels") ;;
        podman) facts=$(printf '{"Id":"%s","Config":{"Env":[%s],"Labels":{%s}},"Size":1000,"ManifestType":"application/vnd.oci.image.manifest.v1+json"}' "$hex" "$env" "$labels") ;;
        buildah) facts=$(printf '{"FromImageID":"%s","OCIv1":{"config":{"Env":[%s],"Labels":{%s}}},"Manifest":"application/vnd.oci.image.manifest.v1+json"}' "$hex" "$env" "$labels") ;;
    esac
}

# All images at once, as docker and podman tell them.
inspect() {
    all=
    for image do
        look "$image"
        all="$all${all:+,}$facts"
    done
    printf '[%s]\n' "$all"
}

images() {
    all=
    for file in "$D/names"/*; do
        [ -f "$file" ] || continue
        read -r hex <"$file"
        name=${file##*/}
        while case $name in *%*) : ;; *) false ;; esac; do name=${name%%%*}/${name#*%}; done
        case $name in *:*) ;; *) name=$name:latest ;; esac
        all="$all${all:+,}{\"id\":\"$hex\",\"names\":[\"localhost/$name\"]}"
    done
    printf '[%s]\n' "$all"
}

# create … --name N … IMAGE true; from … --name N IMAGE
create() {
    before= last=
    while [ $# -gt 0 ]; do
        before=$last last=$1
        shift
    done
    if [ "$KIND" = buildah ]; then before=$last; fi
    if [ "$before" = scratch ]; then hex=scratch; else find "$before" || no_image "$before"; fi
    printf '%s\n' "$hex" >"$D/containers/$own"
    echo "$own"
}

copy_out() {
    for word do case $word in *:*) break ;; esac; done
    container "${word%%:*}"
    path=${word#*:}
    encode "${path#/}"
    for tar in "$D/images/$hex/trees/$encoded.tar" "$D/trees/$encoded.tar"; do
        if [ -f "$tar" ]; then exec cat "$tar"; fi
    done
    case $KIND in
        docker) echo "Error: No such container:path: $word" >&2; exit 1 ;;
        *) echo "Error: \"$path\" could not be found on container ${word%%:*}: no such file or directory" >&2; exit 125 ;;
    esac
}

export_all() {
    container "$1"
    for tar in "$D/images/$hex/root.tar" "$D/root.tar"; do
        if [ -f "$tar" ]; then exec cat "$tar"; fi
    done
    exec cat "$D/empty.tar"
}

mount_root() {
    container "$1"
    for root in "$D/images/$hex/root" "$D/root"; do
        if [ -d "$root" ]; then echo "$root"; return; fi
    done
    echo "$D/nothing"
}

run() {
    if [ "$KIND" = buildah ]; then return; fi
    for word do if find "$word"; then return; fi; done
    echo "Unable to find image '$word' locally" >&2
    exit 125
}

save() {
    file= last=
    while [ $# -gt 0 ]; do
        case $1 in
            --output) file=$2; shift ;;
            oci-archive:* | docker-archive:*) file=${1#*:} ;;
            *) last=$1 ;;
        esac
        shift
    done
    find "$last" || no_image "$last"
    cat "$D/images/$hex/archive.tar" >"$file"
}

while case ${1-} in --runtime) : ;; *) false ;; esac; do shift 2; done
verb=${1-}
shift
case $verb in
    version) if [ "$KIND" = podman ]; then echo '4.3.1'; elif [ -f "$D/no-buildkit" ]; then echo '28.2.2 28.2.2'; else echo '24.0.7 24.0.7'; fi ;;
    --version) echo "$KIND version 1.28.2 (fake)" ;;
    buildx) if [ -f "$D/no-buildkit" ]; then echo "docker: unknown command: docker buildx" >&2; exit 1; fi; echo v0.13.1 ;;
    image) if [ "$1" = prune ]; then exit 0; fi; shift; inspect "$@" ;;
    images) images ;;
    system) ;;
    inspect) for word do :; done; look "$word"; printf '%s\n' "$facts" ;;
    build | bud) build "$@" ;;
    run) run "$@" ;;
    create | from) create "$@" ;;
    cp) copy_out "$@" ;;
    export) export_all "$@" ;;
    mount) mount_root "$@" ;;
    rm) for word do rm -f "$D/containers/$word" 2>/dev/null; done ;;
    ps | containers)
        if [ "${1-}" = --quiet ]; then exit 0; fi
        for file in "$D/containers"/*; do if [ -f "$file" ]; then echo "${file##*/}"; fi; done ;;
    save | push) save "$@" ;;
    tag) find "$1" || no_image "$1"; call "$2" ;;
    rmi) find "$1" || no_image "$1"; plain "$1"; rm -f "$D/names/$encoded" ;;
    pull)
        plain "$1"
        if [ -f "$D/next/$encoded" ]; then read -r hex <"$D/next/$encoded"; call "$1"; exit 0; fi
        if find "$1"; then exit 0; fi
        echo "Error response from daemon: manifest for $1 not found: manifest unknown" >&2
        exit 1 ;;
    import | commit)
        # Whoever writes into a pipe that nobody reads is killed.
        case " $* " in *" - "*) cat >/dev/null ;; esac
        for word do :; done
        invent ''
        call "$word" ;;
    add | kill) ;;
    *) echo "fake $KIND: no answer for: $verb $*" >&2; exit 64 ;;
esac
