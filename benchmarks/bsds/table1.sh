#!/bin/sh
# Table 1 of the paper, in pieces that go on where they stopped:
#
#   DATA=path/to/bsds300 sh benchmarks/bsds/table1.sh compact      # a laptop, an hour
#   DATA=path/to/bsds300 sh benchmarks/bsds/table1.sh seeds        # a quarter of one
#   DATA=path/to/bsds300 sh benchmarks/bsds/table1.sh baselines    # a quarter of one
#   DATA=path/to/bsds300 sh benchmarks/bsds/table1.sh paper        # a CUDA card
#
# The results are in $OUT (default: runs). JOBS fits are done at once.
set -eu
: "${DATA:?set DATA to the folder of BSDS300}" "${OUT:=runs}" "${JOBS:=2}"
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
bsds() { python -m sksegment benchmark bsds --data "$DATA" --n-jobs "$JOBS" "$@"; }

# Six runs an image: three betas, for few labels and for more with the position.
variants() {
    bsds "$@" --grid max_labels=8 --grid position=0
    bsds "$@" --grid max_labels=20 --grid position=1
}

compact() {
    for part in test:0:100:10 train:5:200:40; do
        for model in Sparse-SimCon-Patch Sparse-NCut-Patch Sparse-SimCon-Image \
            Sparse-NCut-Image Dense-SimCon-Patch Dense-SimCon-Image Dense-SimCon-NoRec \
            Dense-NCut-Patch Dense-NCut-Image; do
            case $model in
            *NCut*) betas="--grid beta_cut=0.1,1,10" ;;
            *) betas="--grid beta_sim=0.02,0.1,0.5 --grid beta_con=0.5" ;;
            esac
            variants --subset "${part%%:*}" --images "${part#*:}" --model "$model" \
                --set resolution=0.25 --out "$OUT/compact/${part%%:*}" $betas
        done
    done
}

# Three seeds of the two types with patches, similarity and continuity; and of the best
# type few labels with and more without the position, other numbers of labels, and
# fewer superpixels, too: 44 runs an image.
seeds() {
    simcon="--images 0:100:10 --seeds 0,1,2 --set resolution=0.25
        --grid beta_sim=0.02,0.1,0.5 --grid beta_con=0.5 --out $OUT/compact/test"
    variants $simcon --model Sparse-SimCon-Patch
    variants $simcon --model Dense-SimCon-Patch
    bsds $simcon --model Sparse-SimCon-Patch --grid max_labels=8 --grid position=1
    bsds $simcon --model Sparse-SimCon-Patch --grid max_labels=20 --grid position=0
    bsds --images 0:100:10 --set resolution=0.25 --out "$OUT/compact/test" \
        --model Sparse-SimCon-Patch --grid beta_sim=0.5 --grid beta_con=0.5 \
        --grid max_labels=5,12 --grid position=0.3,1 --grid superpixels__n_segments=500,3000
}

baselines() {
    for part in test:: train:5:200:10; do
        bsds --subset "${part%%:*}" --images "${part#*:}" --model Kmeans-Pixel \
            --model Kmeans-Superpixel --model Spectral-Superpixel --model Felzenszwalb \
            --out "$OUT/baselines/${part%%:*}"
    done
}

paper() {
    for part in train:5:200:20 test::; do
        bsds --subset "${part%%:*}" --images "${part#*:}" --size paper --device cuda \
            --together --model Sparse-SimCon-Patch --out "$OUT/paper/${part%%:*}"
    done
}

"$@"
