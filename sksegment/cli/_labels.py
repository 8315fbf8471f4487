"""The commands for what follows prediction: quantify, clean and separate."""

import argparse
import sys
from pathlib import Path

from sksegment.cli._options import (
    add_command,
    add_overwrite,
    add_position,
    add_quiet,
    add_void,
)

__all__ = ["add_commands"]

_SAID = "time steps are on their own, of other slices it has to be said"


def add_commands(commands):
    """Add the commands to a parser."""
    _add_quantify(commands)
    _add_clean(commands)
    _add_separate(commands)


def _add_quantify(commands):
    parser = add_command(
        commands,
        "quantify",
        _quantify,
        "Measure the classes and the objects in label maps.\n\n"
        "Writes classes.csv, a row a class with its fraction and volume, and\n"
        "objects.csv, a row a connected piece of one class with its volume, surface,\n"
        "position and extent; of maps on their own areas and perimeters, and which\n"
        "map it is. Sizes are in the unit of the spacing, which is taken from the\n"
        "file if it states one.",
        "  sksegment quantify labels.tif -o tables --spacing 2 0.5 0.5 --unit um\n"
        "  sksegment quantify labels.tif -o tables --objects grains.tif\n"
        "  sksegment quantify labels.zarr -o tables --image scan.tif",
    )
    _add_labels(parser)
    add = parser.add_argument
    add("-o", "--out", required=True, help="folder for the tables; made if missing")
    add_overwrite(parser, "tables")
    _add_spacing(add)
    add("--unit", help="of the spacing, e.g. um")
    add(
        "--objects",
        metavar="SOURCE",
        help="numbers of the objects, as separate writes them, in the place of "
        "connected pieces",
    )
    add(
        "--objects-dataset", metavar="PATH", help="array in the HDF5 or zarr file of it"
    )
    add("--image", metavar="SOURCE", help="grey stack or image, for mean intensities")
    add("--image-dataset", metavar="PATH", help="array in the HDF5 or zarr file of it")
    _add_spatial(
        add,
        "a folder of several has to say; else time steps are on their own, all other "
        "slices one volume",
    )
    add("--names", type=_names, metavar="A,B", help="names of class 0, 1, ...")
    add_quiet(parser)


def _add_clean(commands):
    parser = add_command(
        commands,
        "clean",
        _clean,
        "Merge classes, smooth their outlines, fill holes, remove small islands.\n\n"
        "In this order. Void is never changed. Ids stay, and so does the spacing.",
        "  sksegment clean labels.tif -o clean.tif --min-size 50 --spatial 3d\n"
        "  sksegment clean labels.tif -o clean.tif --merge 5:2,6:2 --spatial 2d\n"
        "  sksegment clean labels.tif -o clean.tif --rule 1:opening=2 --spatial 3d",
    )
    _add_labels(parser)
    add = parser.add_argument
    _add_out(add)
    add(
        "--min-size",
        type=_count,
        default=0,
        metavar="N",
        help="an island of fewer pixels or voxels takes the class around it",
    )
    add(
        "--fill-holes",
        type=_count,
        default=0,
        metavar="N",
        help="what one class encloses, up to N pixels or voxels, becomes this class",
    )
    add(
        "--merge",
        type=_merge,
        default={},
        metavar="OLD:NEW,...",
        help="give classes another number, e.g. 5:2,6:2",
    )
    add(
        "--rule",
        type=_rule,
        action="append",
        default=[],
        metavar="CLASS:NAME=VALUE,...",
        help="what differs for a class, e.g. 1:opening=2,min_size=200: its min_size "
        "and fill_holes, and the radii of an opening and a closing; may be repeated",
    )
    _add_spatial(add, f"a volume has to fit into memory several times; {_SAID}")
    add("--overwrite", action="store_true", help="replace OUT")
    add_quiet(parser)


def _add_separate(commands):
    parser = add_command(
        commands,
        "separate",
        _separate,
        "Number the objects of some classes, and tell touching ones apart.\n\n"
        "Grains, particles or cells that touch are divided where a neck joins them.\n"
        "What is no object is 0. Numbers start at 1, in maps on their own in each.\n"
        "A volume may be larger than memory; what is needed again is kept in a file\n"
        "without a name beside OUT.",
        "  sksegment separate labels.tif -o grains.tif --classes 2 --spatial 3d\n"
        "  sksegment quantify labels.tif -o tables --objects grains.tif",
    )
    _add_labels(parser)
    add = parser.add_argument
    _add_out(add)
    add(
        "--classes",
        type=_classes,
        required=True,
        metavar="N,...",
        help="classes that consist of objects, e.g. 1,2",
    )
    add(
        "--neck",
        type=float,
        default=0.8,
        metavar="PART",
        help="divide what is joined by less than this part of the narrower object's "
        "width, from 0 to 1; less divides less (default: %(default)s)",
    )
    _add_spacing(add)
    _add_spatial(add, _SAID)
    add("--overwrite", action="store_true", help="replace OUT")
    add_quiet(parser)


def _add_out(add):
    add(
        "-o",
        "--out",
        required=True,
        help=".tif, .zarr or .npy file, or a folder; a single map also as .png",
    )


def _add_spacing(add):
    add(
        "--spacing",
        type=float,
        nargs="+",
        metavar="S",
        help="size of a voxel along z, y and x, of a pixel along y and x; one number "
        "if they are equal",
    )


def _add_spatial(add, text):
    add(
        "--spatial",
        choices=["2d", "3d"],
        help=f"whether slices are on their own, or one volume: {text}",
    )


def _add_labels(parser):
    parser.add_argument(
        "labels",
        metavar="LABELS",
        help="label map or stack of them: image, TIFF, zarr, HDF5, .npy, folder",
    )
    parser.add_argument("--axes", help="letters of its axes where the file is unclear")
    parser.add_argument(
        "--dataset", metavar="PATH", help="array in an HDF5 or zarr file"
    )
    add_position(parser)
    add_void(parser)


def _names(text):
    return text.split(",")


def _count(text):
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 on")
    return int(text)


def _classes(text):
    return [_count(part) for part in text.split(",")]


def _merge(text):
    try:
        pairs = [tuple(map(int, part.split(":"))) for part in text.split(",")]
        merge = {old: new for old, new in pairs}
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not of the form OLD:NEW,OLD:NEW"
        ) from error
    if len(merge) < len(pairs):
        raise argparse.ArgumentTypeError(f"{text!r} gives a class two numbers")
    return merge


def _rule(text):
    class_, _, rules = text.partition(":")
    try:
        pairs = [part.split("=") for part in rules.split(",")]
        rule = {name.replace("-", "_"): _number(value) for name, value in pairs}
        return int(class_), rule
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not of the form CLASS:NAME=VALUE, e.g. 1:opening=2"
        ) from error


def _number(text):
    return int(text) if text.isdecimal() else float(text)


def _open_labels(args):
    from sksegment.cli._label_file import LabelFile

    return LabelFile.open(
        args.labels,
        axes=args.axes,
        dataset=args.dataset,
        at=dict(args.at) or None,
        void=args.void,
    )


def _open_objects(args, n_slices):
    from sksegment.cli._label_file import LabelFile

    if args.objects is None:
        return None
    dataset = args.objects_dataset
    objects = LabelFile.open(args.objects, axes=args.axes, dataset=dataset, void=None)
    _check_length(objects, args.objects, n_slices, args.labels)
    return objects


def _check_length(slices, name, n_slices, of):
    if len(slices) != n_slices:
        raise ValueError(f"{name} has {len(slices)} slice(s), but {of} has {n_slices}")


def _quantify(args):
    from sksegment._output_files import check_folder
    from sksegment.cli._outputs import check_free
    from sksegment.postprocessing import quantify
    from sksegment.postprocessing._quantify import TABLE_NAMES

    check_folder(args.out, "-o")
    if not args.overwrite:
        check_free(Path(args.out) / name for name in TABLE_NAMES)
    labels = _open_labels(args)
    spatial = _spatial_of(args, labels, usual="3d")
    maps, n_slices = labels, len(labels)
    objects = _open_objects(args, n_slices)
    image = _open_image(args, n_slices, spatial)
    if labels.is_flat:
        maps, objects, image = labels[0], objects and objects[0], image and image[0]
    spacing, unit = _spacing_of(args, labels, spatial)
    result = quantify(
        maps,
        spacing,
        unit=unit,
        objects=objects,
        image=image,
        class_names=args.names,
        spatial=spatial,
        progress=not args.quiet and sys.stderr.isatty(),
    )
    if result.objects["class"].unique().tolist() == [0]:
        # The other value may be void, or not.
        labels.find_classes()
    _name_maps(result, labels)
    result.to_csv(args.out)
    if not args.quiet:
        shown = _of_all_maps(result.classes)
        shown = shown if args.names else shown.drop(columns="name")
        print(shown.to_string(index=False, float_format="{:.6g}".format))
        if result.n_void:
            print(_void_line(result, labels))
        print(f"{len(result.objects)} objects; the tables are in {args.out}")
    return 0


def _void_line(result, labels):
    """How much is in no row; the value may be a class in the files of others."""
    element = "voxels" if "n_voxels" in result.classes else "pixels"
    n_all = result.n_void + int(result.classes[f"n_{element}"].sum())
    share = f"{result.n_void} {element} ({result.n_void / n_all:.1%}) are void"
    if labels.guess is None:
        return f"{share} and not counted"
    return f"{share} ({labels.guess}) and not counted; --void none counts them"


def _name_maps(result, labels):
    """Put names of files in the place of numbers of maps."""
    for table in (result.classes, result.objects):
        if "map" in table and labels.is_folder:
            table["map"] = [labels.stack.names[number] for number in table["map"]]


def _of_all_maps(classes):
    """Sum up the classes of maps on their own."""
    if "map" not in classes:
        return classes
    summed = classes.drop(columns="map").groupby(["class", "name"], as_index=False)
    summed = summed.sum()
    n_pixels = summed["n_pixels"]
    return summed.assign(fraction=n_pixels / max(n_pixels.sum(), 1))


def _spatial_of(args, labels, usual=None):
    """Whether maps are one volume or each is on its own, as is said or is known."""
    if labels.is_flat:
        return "2d"
    if args.spatial:
        return args.spatial
    if labels.stack.axes[0] == "T":
        return "2d"
    if usual and not labels.is_folder:
        return usual
    raise ValueError(
        f"{labels.stack.source} holds {len(labels)} slices; say --spatial 3d if they "
        "are one volume, --spatial 2d if each is on its own"
    )


def _open_image(args, n_slices, spatial):
    from sksegment.cli._label_file import image_by_image
    from sksegment.stacks import open_stack

    if args.image is None:
        return None
    image = open_stack(args.image, axes=args.axes, dataset=args.image_dataset)
    _check_length(image, args.image, n_slices, args.labels)
    return image_by_image(image) if spatial == "2d" else image


def _spacing_of(args, labels, spatial):
    if args.spacing:
        return args.spacing[0] if len(args.spacing) == 1 else args.spacing, args.unit
    spacing, unit = labels.size_of_voxel(spatial)
    if args.unit and spacing:
        raise ValueError(
            f"--unit {args.unit} needs --spacing; the file states {spacing} {unit}"
        )
    return spacing, args.unit or unit


def _separate(args):
    from sksegment.cli._log import Log
    from sksegment.cli._objects import separate

    labels, log = _open_labels(args), Log(args.quiet)
    spatial = _spatial_of(args, labels)
    spacing = args.spacing or labels.size_of_voxel(spatial)[0]
    n_objects = separate(
        labels,
        args.out,
        args.classes,
        spatial=spatial,
        overwrite=args.overwrite,
        progress=not args.quiet and sys.stderr.isatty(),
        spacing=spacing[0] if spacing and len(spacing) == 1 else spacing,
        neck=args.neck,
    )
    log.say(f"{n_objects} objects in {log.seconds:.1f} s; the result is {args.out}")
    return 0


def _clean(args):
    from sksegment.cli._clean_labels import clean
    from sksegment.cli._log import Log

    if not (args.min_size or args.fill_holes or args.merge or args.rule):
        raise ValueError(
            "nothing to do; give --min-size, --fill-holes, --merge or --rule"
        )
    labels, log = _open_labels(args), Log(args.quiet)
    clean(
        labels,
        args.out,
        spatial=_spatial_of(args, labels),
        overwrite=args.overwrite,
        min_size=args.min_size,
        fill_holes=args.fill_holes,
        merge=args.merge,
        rules=_all_rules(args.rule),
    )
    log.say(
        f"cleaned {len(labels)} slice(s) in {log.seconds:.1f} s; the result "
        f"is {args.out}"
    )
    return 0


def _all_rules(given):
    """Rules by class, of which one may have come in several parts."""
    rules = {}
    for class_, rule in given:
        rules[class_] = rules.get(class_, {}) | rule
    return rules
