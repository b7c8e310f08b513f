export type Print = (line: string) => void

/** What the command line asks for; the exit code when there is nothing to carry out, which was printed then. */
export function commandOf<C>(read: () => C | undefined, usage: string, print: Print): C | number {
  try {
    const command = read()
    if (command !== undefined) return command
    print(usage)
    return 0
  } catch (error) {
    print(error instanceof Error ? error.message : String(error))
    return 2
  }
}
