import { defineTopic, PermanentError, unchecked, type Messaging, type RetryPolicy } from '@sluice/core'

interface Order {
  readonly customer: string
  readonly number: number
}

export interface ProgramNames {
  readonly orders: string
  readonly reports: string
}

/**
 * An application as a team writes it: it knows no adapter. What it has observed comes out as a log, sorted where the contract leaves
 * the order open. Every adapter has to give the same one.
 */
export async function runProgram(messaging: Messaging, names: ProgramNames): Promise<readonly string[]> {
  const log: string[] = []
  const orders = defineTopic(names.orders, {
    schema: unchecked<Order>(),
    key: (order) => order.customer,
    partitions: 4,
    groups: ['billing', 'mail'],
  })
  const reports = defineTopic(names.reports, { schema: unchecked<{ readonly total: number }>(), groups: ['archive'] })
  const retry: RetryPolicy = {
    name: 'three attempts',
    placement: 'in-place',
    decide: ({ attempt }) => (attempt >= 3 ? { kind: 'exhausted' } : { kind: 'retry', delayMs: 2 }),
  }
  const byCustomer = new Map<string, string[]>()
  const note = (customer: string, text: string): void =>
    void (byCustomer.get(customer) ?? byCustomer.set(customer, []).get(customer))?.push(text)
  const waiters: { readonly holds: () => boolean; readonly resolve: () => void }[] = []
  const changed = (): void => waiters.forEach(({ holds, resolve }) => holds() && resolve())
  const when = (holds: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      waiters.push({ holds, resolve })
      changed()
    })
  let billed = 0
  let mailed = 0
  let archived = 0
  let dead = 0
  messaging.on('deadLetter', ({ group, attempts, reason }) => {
    log.push(`dead letter of ${group} after ${attempts} attempts: ${reason}`)
    dead++
    changed()
  })
  const billing = await messaging.subscribe(orders, { group: 'billing', retry }, async (message, delivery) => {
    const { customer, number } = message.payload
    note(customer, `bill ${number} attempt ${delivery.attempt} header ${message.headers['source']} id ${message.id}`)
    if (number === 3 && delivery.attempt < 3) throw new Error('not yet')
    if (number === 5) throw new PermanentError('never')
    if (number === 6) throw new Error('nor this')
    if (number === 7 && delivery.attempt === 1) return delivery.retry({ delayMs: 1 })
    if (number === 8) return delivery.deadLetter('not wanted')
    billed++
    await messaging.publish(reports, { total: number })
    changed()
    return undefined
  })
  const mail = await messaging.subscribeBatch(orders, { group: 'mail', maxSize: 10, maxWaitMs: 5 }, (deliveries) => {
    mailed += deliveries.length
    changed()
  })
  const archive = await messaging.subscribe(reports, { group: 'archive' }, ({ payload, key }) => {
    archived++
    log.push(`archive ${payload.total} ${String(key)}`)
    changed()
  })
  const customers = ['ada', 'bob', 'eve']
  for (const customer of customers) {
    const entries = Array.from({ length: 10 }, (_, number) => ({
      payload: { customer, number },
      id: `${customer}-${number}`,
      headers: { source: 'program' },
    }))
    const results = await messaging.publishBatch(orders, entries.slice(0, 5), { settled: true })
    log.push(`${customer}: ${results.map(({ status }) => status).join(' ')}`)
    for (const { payload, ...options } of entries.slice(5)) {
      const { id, topic } = await messaging.publish(orders, payload, options)
      log.push(`receipt ${id} ${topic === names.orders}`)
    }
  }
  await when(() => billed === 21 && mailed === 30 && archived === 21 && dead === 9)
  log.push(`after all: ${messaging.health().status} ${messaging.health().problems.length}`)
  const letters = await messaging.deadLetters(orders, 'billing').list()
  log.push(
    ...letters.letters.map(
      ({ id, key, reason, attempts, originGroup }) =>
        `letter ${id} ${String(key)} ${reason} ${attempts} ${originGroup}`,
    ),
  )
  for (const subscription of [billing, mail, archive]) {
    const { acked, retried, deadLettered, givenBack, lost, skipped } = subscription.stats()
    log.push(
      `${subscription.group}: ${[acked, retried, deadLettered, givenBack, lost, skipped].join(' ')} ${subscription.state}`,
    )
  }
  const report = await messaging.close()
  log.push(`closed: ${JSON.stringify(report)}`)
  await messaging
    .publish(reports, { total: 0 })
    .catch((error: { readonly code?: string }) => log.push(`late: ${error.code}`))
  for (const customer of customers)
    log.push(...(byCustomer.get(customer) ?? []).map((text) => `${customer} in order: ${text}`))
  const inOrder = log.filter((line) => line.includes(' in order: '))
  return [...log.filter((line) => !line.includes(' in order: ')).toSorted(), ...inOrder]
}

/** Lines of the log that everybody can read off the program. */
export function expectedBilling(customer: string): readonly string[] {
  const line = (number: number, attempt: number): string =>
    `${customer} in order: bill ${number} attempt ${attempt} header program id ${customer}-${number}`
  const attempts = [1, 1, 1, 3, 1, 1, 3, 2, 1, 1]
  return attempts.flatMap((count, number) => Array.from({ length: count }, (_, index) => line(number, index + 1)))
}
