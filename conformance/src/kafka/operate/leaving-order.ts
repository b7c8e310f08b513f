/** A group in which newcomers hold every partition. */
export interface Occupied {
  /** The others, who hold nothing. No more than there are partitions. */
  readonly members: readonly string[]
  /** By partition. */
  readonly newcomers: readonly string[]
}

/**
 * In which order the newcomers have to leave, those of one step at once, so that a partition goes to a member. What is free goes to members in
 * the order of their ids: those that come before it are served first, then it is the only one with room, and what it has it keeps.
 */
export function leavingOrder(
  { members, newcomers }: Occupied,
  partition: number,
  to: string,
): readonly (readonly string[])[] {
  const rank = members.toSorted((a, b) => (a < b ? -1 : 1)).indexOf(to)
  const own = newcomers[partition]
  if (rank < 0 || own === undefined) return []
  const others = newcomers.filter((id) => id !== own)
  return [others.slice(0, rank), [own], others.slice(rank)].filter(({ length }) => length > 0)
}
