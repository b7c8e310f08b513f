/** What is sent: an order as applications have them, of a certain size as JSON. */
export interface Document {
  readonly id: number
  readonly customer: string
  /** In ms, on the clock of the process. 0 where nobody measures how long it took. */
  readonly sentAt: number
  readonly currency: string
  readonly lines: readonly Line[]
  readonly note: string
}

interface Line {
  readonly article: string
  readonly quantity: number
  readonly price: number
}

/** Ids have the same number of digits, so that documents have the same size. */
const firstId = 1_000_000

const mostCustomers = 1_000

/**
 * Every document has as many bytes as JSON; their customers come in turn.
 * @param customers 1,000 at most
 * @throws RangeError when it cannot be that small
 */
export function documentsOf(bytes: number, customers: number = mostCustomers): (index: number) => Document {
  const customerOf = (index: number): string => `customer-${mostCustomers + (index % customers)}`
  const lines: Line[] = []
  const measure = (note: string): number => JSON.stringify(documentWith(0, customerOf(0), lines, note)).length
  while (measure('') < bytes) {
    const number = lines.length
    lines.push({ article: `article-${1_000 + number}`, quantity: 1 + (number % 9), price: 10.25 + (number % 80) })
  }
  if (measure('') > bytes) lines.pop()
  const missing = bytes - measure('')
  if (missing < 0) throw new RangeError(`a document has at least ${measure('')} bytes, ${bytes} are asked for`)
  const note = 'n'.repeat(missing)
  return (index) => documentWith(index, customerOf(index), lines, note)
}

/** The place in the pass, from the id. */
export const indexOf = ({ id }: Document): number => id - firstId

function documentWith(index: number, customer: string, lines: readonly Line[], note: string): Document {
  return { id: firstId + index, customer, sentAt: 0, currency: 'EUR', lines, note }
}
