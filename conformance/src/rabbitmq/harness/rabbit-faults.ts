import { binary, until, type Rabbit } from '@sluice/brokers'
import type { Faults, Undo } from '@sluice/testing'
import { escapePattern } from '../../escape-pattern.js'
import { groupConsumers } from '../look/who.js'
import type { Relay } from '../../relay/relay.js'
import { handOver } from './hand-over.js'

/** Who the clients of the kit are at the broker. */
export interface Account {
  readonly name: string
  readonly password: string
}

/**
 * The faults of the kit in terms of a private broker and of the relay before it. Not among them: `addPartitions`, because their number is
 * fixed when a topic is created; `trim` and `gap`, because a queue is no log.
 */
export function rabbitFaults(rabbit: Rabbit, relay: Relay, account: Account): Partial<Faults> {
  return {
    cut: async (client, side) => relay.cut({ client, side }),
    disconnect: async (client, side) => undo(relay.refuse({ client, side })),
    async closeChannels(client, side) {
      const names = ['publish', 'consume'].filter((name) => side === undefined || name === side)
      const all = await rabbit.connections()
      const channels = all.filter(({ clientName }) => names.some((name) => clientName === `${client} ${name}`))
      const pids = channels.flatMap((connection) => connection.channels.map(({ pid }) => pid))
      await Promise.all(pids.map((pid) => closeChannel(rabbit, pid)))
    },
    silence: async (client, side) => undo(relay.silence({ client, side })),
    // A process that is gone has no connections any more, and never comes back; what runs on in this one reaches nobody.
    async kill(client) {
      relay.refuse({ client })
      await untilGone(rabbit, client)
    },
    // The broker ends its session when it has missed it for long enough, as that of a process that was stopped.
    freeze: async (client) => undo(relay.silence({ client })),
    async stopBroker() {
      await rabbit.saveDeclarations()
      await Promise.all(rabbit.nodes.map((node) => node.kill()))
      return () => startAll(rabbit)
    },
    ...(rabbit.nodes.length === 1 ? {} : { stopNodes: (count: 1 | 2) => stopNodes(rabbit, count) }),
    async block() {
      await rabbit.memoryAlarm(true)
      return () => rabbit.memoryAlarm(false)
    },
    slowSends: async (delayMs) => undo(relay.rules.slow(delayMs)),
    failSends: async (rule) => undo(relay.rules.fail(rule)),
    handOver: (group, partition, to) => handOver(rabbit.url, group, partition, to),
    async expireHold({ topic, group }) {
      const consumers = await groupConsumers(rabbit, topic, group)
      await Promise.all(
        [...new Set(consumers.map(({ channel }) => channel))].map((channel) => closeChannel(rabbit, channel)),
      )
    },
    async deny() {
      await rabbit.setUser({ name: account.name, password: `not ${account.password}` })
      return () => rabbit.setUser({ ...account })
    },
    deleteTopic: (topic) => deleteNamed(rabbit, `^${escapePattern(topic)}($|[.:])`),
  }
}

/** Until the broker sees it: what was exclusive to its connections goes a little later than they. */
async function untilGone(rabbit: Rabbit, client: string): Promise<void> {
  const isGone = async (): Promise<boolean> => {
    if (rabbit.nodes.every(({ state }) => state !== 'running')) return true
    const connections = await rabbit.connections()
    if (connections.some(({ clientName }) => clientName?.startsWith(`${client} `) === true)) return false
    const left = await rabbit.query(`[element(4, amqqueue:get_name(Queue)) || Queue <- rabbit_amqqueue:list(<<"/">>),
      Owner <- [amqqueue:get_exclusive_owner(Queue)], is_pid(Owner), not rabbit_misc:is_process_alive(Owner)]`)
    return (left as readonly string[]).length === 0
  }
  await until(`${client} is gone from the broker`, isGone, { timeoutMs: 20_000, everyMs: 5 })
}

/** Those first that lead most queues: their loss is felt. */
async function stopNodes(rabbit: Rabbit, count: 1 | 2): Promise<Undo> {
  await rabbit.saveDeclarations()
  const leaders = (await rabbit.queues()).map(({ leader }) => leader)
  const led = (name: string): number => leaders.filter((leader) => leader === name).length
  const chosen = rabbit.nodes.toSorted((one, other) => led(other.name) - led(one.name)).slice(0, count)
  await Promise.all(chosen.map((node) => node.kill()))
  return () => startAll(rabbit)
}

/** Nodes of a cluster wait for each other, so all are started at once. */
async function startAll({ nodes }: Rabbit): Promise<void> {
  await Promise.all(nodes.filter(({ state }) => state === 'stopped').map((node) => node.start()))
}

/** As after a delivery that was held for too long. */
async function closeChannel(rabbit: Rabbit, channel: string): Promise<void> {
  const pid = `rabbit_misc:string_to_pid(binary_to_list(${binary(channel)}))`
  await rabbit.evaluate(`ok = rabbit_channel:do(${pid}, {'basic.ack', 16#ffffffff, false})`)
}

/** Deletes exchanges and queues whose names fit a regular expression, the queues all at once. */
export async function deleteNamed(rabbit: Rabbit, pattern: string): Promise<void> {
  await rabbit.evaluate(`
    Fits = fun(Name) -> re:run(element(4, Name), ${binary(pattern)}, [{capture, none}]) =:= match end,
    [rabbit_exchange:delete(Name, false, <<"sluice">>) || Name <- rabbit_exchange:list_names(), Fits(Name)],
    Deleting = [spawn_monitor(fun() -> {ok, _} = rabbit_amqqueue:delete(Queue, false, false, <<"sluice">>) end)
      || Queue <- rabbit_amqqueue:list(<<"/">>), Fits(amqqueue:get_name(Queue))],
    [receive {'DOWN', Monitor, process, _, normal} -> ok end || {_, Monitor} <- Deleting],
    ok`)
}

const undo =
  (run: () => void): Undo =>
  async () =>
    run()
