import { grouped } from './text.js'

/** What the run promised and what it showed. */
export interface Checks {
  equal(what: string, expected: number, seen: number): void
  /** `expected` says in words what `ok` decided. */
  add(what: string, expected: string, seen: string, ok: boolean): void
  readonly failed: number
  table(): string
}

interface Check {
  readonly what: string
  readonly expected: string
  readonly seen: string
  readonly ok: boolean
}

export function createChecks(): Checks {
  const checks: Check[] = []
  return {
    equal(what, expected, seen) {
      checks.push({ what, expected: grouped(expected), seen: grouped(seen), ok: seen === expected })
    },
    add(what, expected, seen, ok) {
      checks.push({ what, expected, seen, ok })
    },
    get failed() {
      return checks.filter(({ ok }) => !ok).length
    },
    table() {
      const rows = checks.map(({ what, expected, seen, ok }) => [what, expected, seen, ok ? 'ok' : 'FAIL'])
      return format([['check', 'expected', 'seen', ''], ...rows])
    },
  }
}

function format(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
  const rule = widths.map((width) => '-'.repeat(width)).join('  ')
  return [lines[0] ?? '', rule, ...lines.slice(1)].map((line) => `  ${line.trimEnd()}`).join('\n')
}
