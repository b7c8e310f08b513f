import type { AdapterErrorCode } from '../spi/adapter-error.js'
import type { Broker } from './broker.js'
import type { Client } from './client.js'
import { faults, type FaultControl } from './faults.js'
import { instanceControl, type InstanceControl } from './instance-control.js'
import { inspection, type InspectionControl } from './inspection.js'
import type { Unreported } from './outbox.js'
import type { SendRule } from './send-rule.js'
import type { BrokerWatcher } from './watch.js'

/** What tests do to a broker, and what they see of it. */
export interface MemoryControl extends FaultControl, InspectionControl {
  /** Clients that are open, in the order they came. */
  instances(): readonly InstanceControl[]
  /**
   * The client of this name that came last.
   * @throws RangeError when there is none
   */
  instance(clientName: string): InstanceControl
  /** The broker ends every connection and takes no new one; what it stores stays. */
  stop(options?: { readonly unreported?: Unreported }): void
  start(): void
  /** No publish is answered; consuming goes on. */
  block(): void
  unblock(): void
  /** Nothing is answered any more, and nobody is told. Clients notice by themselves, after two heartbeats. */
  silence(options?: { readonly unreported?: Unreported }): void
  speak(): void
  /** New connections are refused for good. @default DENIED */
  deny(code?: AdapterErrorCode): void
  allow(): void
  /** Decides what becomes of messages on their way; rules are asked in turn. Returns what takes the rule back. */
  onSend(rule: SendRule): () => void
  /** Tells what the broker has stored, and what it knows as settled. Returns what ends it. */
  watch(watcher: BrokerWatcher): () => void
}

export function createControl(broker: Broker): MemoryControl {
  const controls = new WeakMap<Client, InstanceControl>()
  const clients = (): Client[] => [...broker.clients] as Client[]
  const controlOf = (client: Client): InstanceControl => {
    const control = controls.get(client) ?? instanceControl(broker, client)
    controls.set(client, control)
    return control
  }
  const setBlocked = (blocked: boolean): void => {
    if (broker.blocked === blocked) return
    broker.blocked = blocked
    for (const client of clients()) client.blockedChanged()
  }

  return {
    ...faults(broker),
    ...inspection(broker),
    instances: () => clients().map(controlOf),
    instance: (clientName) => {
      const client = clients().findLast((one) => one.clientName === clientName)
      if (client !== undefined) return controlOf(client)
      throw new RangeError(
        `no client "${clientName}" is open: ${
          clients()
            .map((one) => one.clientName)
            .join(', ') || 'none is'
        }`,
      )
    },
    stop: ({ unreported = 'half' } = {}) => {
      broker.stopped = true
      for (const client of clients()) {
        const cause = broker.lost('has stopped')
        client.lose({ sides: ['publish', 'consume'], cause, unreported, reconnect: true })
      }
    },
    start: () => {
      broker.stopped = false
    },
    block: () => setBlocked(true),
    unblock: () => setBlocked(false),
    silence: ({ unreported = 'half' } = {}) => {
      if (broker.silent) return
      broker.silent = true
      for (const client of clients()) client.silenced(unreported)
    },
    speak: () => {
      broker.silent = false
      for (const client of clients()) client.wake()
    },
    deny: (code = 'DENIED') => {
      broker.denied = code
    },
    allow: () => {
      broker.denied = undefined
    },
    onSend: (rule) => {
      broker.rules.add(rule)
      return () => {
        broker.rules.delete(rule)
      }
    },
    watch: (watcher) => {
      broker.watch.watchers.add(watcher)
      return () => {
        broker.watch.watchers.delete(watcher)
      }
    },
  }
}
