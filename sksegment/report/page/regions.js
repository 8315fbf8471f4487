// The regions of a level, from the level at which each two neighbours in the row of the
// finest regions part. A region is told by its first, so that it keeps its colour when
// others part from it.
function cut(parts, level) {
  const region = [0];
  parts.forEach((apart, i) => region.push(apart <= level ? i + 1 : region[i]));
  return region;
}
