import { BrokerError } from '../broker-error.js'
import { binary } from './erlang.js'
import type { Evaluator } from './evaluator.js'
import type { RabbitLook } from './look.js'
import type { RabbitNode } from './node.js'
import type { RabbitUser } from './options.js'

/** A channel of a connection. */
export interface ChannelName {
  /** As the client calls it, or the broker's pid of it. */
  readonly connection: string
  /** @default 1 */
  readonly number?: number
}

/** What an operator, or bad luck, does to a broker that runs. Each resolves when the broker is in the new state. */
export interface RabbitControls {
  /** The memory alarm of a node, which stops publishers in the whole cluster; a restart ends it. @default the first running node */
  memoryAlarm(on: boolean, node?: RabbitNode): Promise<void>
  /** The disk alarm of a node, likewise. */
  diskAlarm(on: boolean, node?: RabbitNode): Promise<void>
  /**
   * How long a delivery may stay unsettled before the broker closes its channel, looked at every second, for channels that are
   * opened from now on. Until the node restarts; the option `conf` sets it for good.
   */
  consumerTimeout(timeoutMs: number): Promise<void>
  /**
   * Closes connections as an operator does: the client is told 320 CONNECTION_FORCED.
   *
   * @param connection what the client calls itself, or the broker's pid of it
   * @returns how many there were
   * @throws BrokerError `FAILED` when there is none
   */
  closeConnection(connection: string, reason?: string): Promise<number>
  /**
   * Has the broker find a fault of a channel and close it: 404 NOT_FOUND or 406 PRECONDITION_FAILED.
   *
   * @throws BrokerError `FAILED` when there is no such channel
   */
  closeChannel(channel: ChannelName, code?: 404 | 406): Promise<void>
  /** @throws BrokerError `FAILED` when there is no such queue */
  deleteQueue(name: string, vhost?: string): Promise<void>
  /** Removes what waits in it. @throws BrokerError `FAILED` when there is no such queue */
  purge(name: string, vhost?: string): Promise<void>
  /**
   * Has all running nodes write down which queues they have. RabbitMQ 3.10 does so up to a second after it has confirmed a
   * declaration: when every node is killed before, a queue is lost with all that was confirmed in it. To be awaited between a
   * declaration and such a kill, unless that is what is to be shown.
   */
  saveDeclarations(): Promise<void>
  /** Makes a user, or gives a known one this password, and lets it do everything in its virtual hosts. Open connections stay. */
  setUser(user: RabbitUser): Promise<void>
  /** Does nothing when it is there. */
  addVhost(name: string): Promise<void>
}

export function controlsOf(nodes: readonly RabbitNode[], evaluator: Evaluator, look: RabbitLook): RabbitControls {
  const evaluate = async (expressions: string): Promise<void> => void (await evaluator.evaluate(expressions))
  const onEach = async (expressions: string): Promise<void> => {
    const running = nodes.filter((node) => node.state === 'running')
    await Promise.all(running.map((node) => node.evaluate(expressions)))
  }
  const onQueue = (name: string, vhost: string, action: string): Promise<void> =>
    evaluate(`{ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(${binary(vhost)}, queue, ${binary(name)})), ${action}`)
  return {
    memoryAlarm: async (on, node) => void (await (node ?? evaluator).evaluate(alarm('memory', on))),
    diskAlarm: async (on, node) => void (await (node ?? evaluator).evaluate(alarm('disk', on))),
    consumerTimeout: async (timeoutMs) => {
      const set = [
        `application:set_env(rabbit, consumer_timeout, ${timeoutMs})`,
        `application:set_env(rabbit, channel_tick_interval, ${Math.min(1000, timeoutMs)})`,
      ]
      await onEach(set.join(', '))
    },
    closeConnection: async (connection, reason = 'closed by an operator') => {
      const pids = (await connectionsNamed(look, connection)).map(({ pid }) => pid)
      await evaluate(
        `[ok = rabbit_networking:close_connection(rabbit_misc:string_to_pid(Pid), ${binary(reason)}) || Pid <- ${texts(pids)}]`,
      )
      return pids.length
    },
    closeChannel: async ({ connection, number = 1 }, code = 406) => {
      const channels = (await connectionsNamed(look, connection)).flatMap((one) => one.channels)
      const channel = channels.find((one) => one.number === number)
      if (channel === undefined) throw new BrokerError('FAILED', `${connection} has no channel ${number}`)
      await evaluate(`ok = rabbit_channel:do(rabbit_misc:string_to_pid(${text(channel.pid)}), ${faults[code]})`)
    },
    deleteQueue: (name, vhost = '/') =>
      onQueue(name, vhost, '{ok, _} = rabbit_amqqueue:delete(Queue, false, false, <<"sluice">>)'),
    purge: (name, vhost = '/') => onQueue(name, vhost, '{ok, _} = rabbit_amqqueue:purge(Queue)'),
    saveDeclarations: () => onEach('catch mnesia:sync_log(), [ok = dets:sync(Table) || Table <- dets:all()]'),
    setUser: (user) => evaluate(userExpression(user)),
    addVhost: (name) =>
      evaluate(`case rabbit_vhost:exists(${binary(name)}) of true -> ok; false ->
        ok = rabbit_vhost:add(${binary(name)}, <<"sluice">>) end, ${permission('guest', name)}`),
  }
}

/** Methods of a client that the broker answers by closing the channel. */
const faults = {
  404: `{'queue.declare', 0, <<"no-such-queue">>, true, false, false, false, false, []}`,
  406: `{'basic.ack', 16#ffffffff, false}`,
} as const

/** What was configured is kept in the node, so that the end of an alarm is no guess. */
function alarm(kind: 'memory' | 'disk', on: boolean): string {
  const [get, set, worst] =
    kind === 'memory'
      ? ['vm_memory_monitor:get_vm_memory_high_watermark', 'vm_memory_monitor:set_vm_memory_high_watermark', '0.0']
      : ['rabbit_disk_monitor:get_disk_free_limit', 'rabbit_disk_monitor:set_disk_free_limit', '1000000000000000']
  const key = `{sluice, ${kind}}`
  const change = on
    ? `case persistent_term:get(${key}, none) of none -> persistent_term:put(${key}, ${get}()); _ -> ok end, ${set}(${worst})`
    : `case persistent_term:get(${key}, none) of none -> ok; Before -> ${set}(Before), persistent_term:erase(${key}) end`
  return `${change}, ${on} = lists:keymember({resource_limit, ${kind}, node()}, 1, rabbit_alarm:get_alarms())`
}

async function connectionsNamed(look: RabbitLook, name: string): ReturnType<RabbitLook['connections']> {
  const all = await look.connections()
  const found = all.filter((one) => one.clientName === name || one.pid === name)
  if (found.length > 0) return found
  const known = all.map((one) => one.clientName ?? one.pid).join(', ')
  throw new BrokerError('FAILED', `No connection is called ${name}; there are: ${known || 'none'}`)
}

function userExpression({ name, password, vhosts = ['/'] }: RabbitUser): string {
  const [user, secret] = [binary(name), binary(password)]
  return [
    `ok = case rabbit_auth_backend_internal:exists(${user}) of
      true -> rabbit_auth_backend_internal:change_password(${user}, ${secret}, <<"sluice">>);
      false -> rabbit_auth_backend_internal:add_user(${user}, ${secret}, <<"sluice">>) end`,
    ...vhosts.map((vhost) => permission(name, vhost)),
  ].join(', ')
}

function permission(user: string, vhost: string): string {
  const all = '<<".*">>'
  return `ok = rabbit_auth_backend_internal:set_permissions(${binary(user)}, ${binary(vhost)}, ${all}, ${all}, ${all}, <<"sluice">>)`
}

function text(value: string): string {
  return `binary_to_list(${binary(value)})`
}

function texts(values: readonly string[]): string {
  return `[${values.map(text).join(', ')}]`
}
