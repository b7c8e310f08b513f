export interface Alignment {
  /** So many columns of text; those of numbers follow. */
  readonly left: number
}

/** Rows as text, each column as wide as it has to be. */
export function columns(heads: readonly string[], rows: readonly (readonly string[])[], { left }: Alignment): string {
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  return [line(heads), ...rows.map(line)].join('\n')
}
