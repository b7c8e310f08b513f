import {
  type Codec,
  faultNames,
  type FaultName,
  type Faults,
  type FaultSide,
  type GroupName,
  type SendFault,
  type Undo,
} from '../faults.js'
import type { Harness } from '../harness.js'
import type { Client, Clients } from './clients.js'
import type { Journal } from './journal.js'
import type { Until } from './until.js'

/** The faults of the harness, recorded in the history and undone at the end of the test. They take messaging objects, not names. */
export interface Breaking {
  cut(client: Client, side?: FaultSide): Promise<void>
  /** What the client holds of its groups is lost, and may come back at once: it is expelled, or cut where that does the same. */
  loseClaims(client: Client, side?: FaultSide): Promise<void>
  disconnect(client: Client, side?: FaultSide): Promise<Undo>
  closeChannels(client: Client, side?: FaultSide): Promise<void>
  silence(client: Client, side?: FaultSide): Promise<Undo>
  /** From here on nothing of this messaging object is recorded: its process is gone. */
  kill(client: Client): Promise<void>
  freeze(client: Client): Promise<Undo>
  stopBroker(): Promise<Undo>
  stopNodes(count: 1 | 2): Promise<Undo>
  stopCoordinator(group: GroupName): Promise<Undo>
  block(): Promise<Undo>
  slowSends(delayMs: number): Promise<Undo>
  failSends(rule: Omit<SendFault, 'client'> & { readonly client?: Client }): Promise<Undo>
  handOver(group: GroupName, partition: number, to: Client): Promise<void>
  expireHold(group: GroupName): Promise<void>
  deny(): Promise<Undo>
  addPartitions(topic: string, partitions: number): Promise<void>
  trim(topic: string, messages: number): Promise<void>
  gap(topic: string, positions: number): Promise<void>
  lackReplicas(topic: string): Promise<Undo>
  compress(topic: string, codec: Codec): Promise<void>
  corrupt(id: string): Promise<Undo>
  deleteTopic(topic: string): Promise<void>
  /**
   * Runs `fault`, which breaks and mends, in mid-stream, and waits until at least 200 publishes and 200 handler runs have overlapped it:
   * under way when it began or begun since. Only then does it count as a fault of the test; one without such a load cannot be counted.
   */
  underLoad(
    what: string,
    fault: () => Promise<void>,
    minima?: { readonly publishes?: number; readonly deliveries?: number },
  ): Promise<void>
  /** Undoes what still lasts. */
  mend(): Promise<void>
}

/** How many publishes and handler runs a fault has to overlap to count. */
const loadMinimum = 200

export function createBreaking(harness: Harness, journal: Journal, clients: Clients, until: Until): Breaking {
  const { recorder, counters } = journal
  const { detectMs } = harness.timings
  const undos: Undo[] = []
  const timers = new Set<NodeJS.Timeout>()
  let underWay = false

  /** A fault that the definition of the test did not ask for is a mistake in the test. */
  function need<N extends FaultName>(name: N): Faults[N] {
    const fault = harness.faults[name]
    if (fault === undefined)
      throw new TypeError(`the harness cannot do "${name}"; name it in \`needs.faults\` of the test`)
    // Method of the harness: keeps its receiver.
    return fault.bind(harness.faults) as Faults[N]
  }

  function counted(): void {
    if (!underWay) counters.faults++
  }

  /** A client may go on unaware for the detection time, so the window of the fault ends that much later. */
  function restoredLater(instance: string | null): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      recorder.fault({ kind: 'connection-restored', instance })
    }, detectMs)
    timers.add(timer)
  }

  function lasting(undo: Undo, after: () => void = () => undefined): Undo {
    let undone: Promise<void> | undefined
    const once: Undo = () => (undone ??= undo().then(after))
    undos.push(once)
    return once
  }

  async function lose(instance: string | null, begin: () => Promise<Undo>): Promise<Undo> {
    counted()
    recorder.fault({ kind: 'connection-lost', instance })
    return lasting(await begin(), () => restoredLater(instance))
  }

  /** Over at once; the client may come back at once. */
  async function blow(
    fault: 'cut' | 'expel' | 'closeChannels',
    client: Client,
    side: FaultSide | undefined,
  ): Promise<void> {
    const instance = clients.nameOf(client)
    counted()
    recorder.fault({ kind: 'connection-lost', instance })
    await need(fault)(instance, side)
    restoredLater(instance)
  }

  return {
    cut: (client, side) => blow('cut', client, side),
    loseClaims: (client, side) => blow(harness.faults.expel === undefined ? 'cut' : 'expel', client, side),
    closeChannels: (client, side) => blow('closeChannels', client, side),
    disconnect: (client, side) => lose(clients.nameOf(client), () => need('disconnect')(clients.nameOf(client), side)),
    silence: (client, side) => lose(clients.nameOf(client), () => need('silence')(clients.nameOf(client), side)),
    freeze: (client) => lose(clients.nameOf(client), () => need('freeze')(clients.nameOf(client))),
    stopBroker: () => lose(null, () => need('stopBroker')()),
    stopNodes: (count) => lose(null, () => need('stopNodes')(count)),
    stopCoordinator: (group) => lose(null, () => need('stopCoordinator')(group)),
    async kill(client) {
      const instance = clients.nameOf(client)
      counted()
      journal.bury(instance)
      // Before, because others may have its messages in the very turn in which the broker sees it gone.
      recorder.fault({ kind: 'killed', instance })
      await need('kill')(instance)
    },
    async block() {
      counted()
      return lasting(await need('block')())
    },
    async slowSends(delayMs) {
      return lasting(await need('slowSends')(delayMs))
    },
    async failSends({ client, ...rule }) {
      const instance = client === undefined ? null : clients.nameOf(client)
      const begin = (): Promise<Undo> =>
        need('failSends')({ ...rule, ...(instance === null ? {} : { client: instance }) })
      if (rule.outcome !== 'refused') return lose(instance, begin)
      counted()
      return lasting(await begin())
    },
    async handOver(group, partition, to) {
      counted()
      await need('handOver')(group, partition, clients.nameOf(to))
      recorder.fault({ kind: 'handed-over', instance: clients.nameOf(to), partition, ...group })
    },
    async expireHold(group) {
      counted()
      for (const client of clients.all)
        recorder.fault({ kind: 'claim-lost', instance: clients.nameOf(client), ...group })
      await need('expireHold')(group)
    },
    async deny() {
      return lasting(await need('deny')())
    },
    addPartitions: (topic, partitions) => need('addPartitions')(topic, partitions),
    trim: (topic, messages) => need('trim')(topic, messages),
    gap: (topic, positions) => need('gap')(topic, positions),
    lackReplicas: (topic) => lose(null, () => need('lackReplicas')(topic)),
    compress: (topic, codec) => need('compress')(topic, codec),
    async corrupt(id) {
      return lasting(await need('corrupt')(id))
    },
    deleteTopic: (topic) => need('deleteTopic')(topic),
    async underLoad(what, fault, { publishes = loadMinimum, deliveries = loadMinimum } = {}) {
      const before = { ended: counters.ended, finished: counters.finished }
      underWay = true
      try {
        await fault()
      } finally {
        underWay = false
      }
      const overlap = (): { publishes: number; deliveries: number } => ({
        publishes: counters.invoked - before.ended,
        deliveries: counters.started - before.finished,
      })
      await until(
        () => overlap().publishes >= publishes && overlap().deliveries >= deliveries,
        `${publishes} publishes and ${deliveries} deliveries that overlap ${what}`,
        { saw: overlap },
      )
      counters.faults++
    },
    async mend() {
      for (const undo of undos) await undo()
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

/** The faults of a list that a harness cannot do. */
export function missingFaults(harness: Harness, needed: readonly FaultName[]): readonly FaultName[] {
  return faultNames.filter((name) => needed.includes(name) && harness.faults[name] === undefined)
}
