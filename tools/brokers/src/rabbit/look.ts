import { binary } from './erlang.js'
import type { Evaluator } from './evaluator.js'

/** A queue as its leader sees it at that moment. Counts are undefined while nobody leads it. */
export interface QueueView {
  readonly name: string
  readonly type: 'classic' | 'quorum' | 'stream'
  readonly durable: boolean
  readonly arguments: Readonly<Record<string, unknown>>
  /** Messages that wait. */
  readonly ready: number | undefined
  /** Messages that are handed out and not settled. */
  readonly unacked: number | undefined
  readonly consumers: number | undefined
  /** The node that leads it, or has it. */
  readonly leader: string | undefined
  /** Every node that has a replica. */
  readonly members: readonly string[]
}

export interface ConsumerView {
  readonly queue: string
  readonly tag: string
  readonly channel: string
  /** Whether it is the one that gets messages now; of several with single active consumer only one is. */
  readonly active: boolean
  readonly prefetch: number
}

export interface ConnectionView {
  /** What the client calls itself. */
  readonly clientName: string | undefined
  readonly pid: string
  readonly node: string
  readonly state: string
  readonly user: string | undefined
  readonly vhost: string | undefined
  /** The client's port, which is the proxy's where one is between. */
  readonly peerPort: number | undefined
  readonly channels: readonly ChannelView[]
}

export interface ChannelView {
  readonly pid: string
  readonly number: number
  readonly consumers: number
  readonly unacked: number
  readonly unconfirmed: number
  readonly prefetch: number
}

export interface BindingView {
  readonly source: string
  readonly destination: string
  readonly destinationType: 'queue' | 'exchange'
  readonly routingKey: string
  readonly arguments: Readonly<Record<string, unknown>>
}

export interface ExchangeView {
  readonly name: string
  readonly type: string
  readonly durable: boolean
  readonly arguments: Readonly<Record<string, unknown>>
}

/** What the broker itself says. A virtual host is `/` when it is left out. */
export interface RabbitLook {
  queues(vhost?: string): Promise<readonly QueueView[]>
  /** Undefined when there is no such queue. */
  queue(name: string, vhost?: string): Promise<QueueView | undefined>
  consumers(vhost?: string): Promise<readonly ConsumerView[]>
  /** Of all virtual hosts. */
  connections(): Promise<readonly ConnectionView[]>
  /** Without those of the default exchange. */
  bindings(vhost?: string): Promise<readonly BindingView[]>
  /** Without those that every virtual host has. */
  exchanges(vhost?: string): Promise<readonly ExchangeView[]>
}

export function lookAt(evaluator: Evaluator): RabbitLook {
  const list = async <View>(expressions: string): Promise<View[]> => (await evaluator.query(expressions)) as View[]
  const queues = async (chosen: string): Promise<QueueView[]> =>
    (await list<Nullable<QueueView>>(queuesExpression(chosen))).map(defined)
  return {
    queues: (vhost = '/') => queues(allQueues(vhost)),
    queue: async (name, vhost = '/') => (await queues(oneQueue(vhost, name)))[0],
    consumers: (vhost = '/') => list(consumersExpression(vhost)),
    connections: async () => (await list<Nullable<ConnectionView>>(connectionsExpression)).map(defined),
    bindings: async (vhost = '/') =>
      (await list<BindingView>(bindingsExpression(vhost))).filter((binding) => binding.source !== ''),
    exchanges: async (vhost = '/') =>
      (await list<ExchangeView>(exchangesExpression(vhost))).filter(({ name }) => !/^$|^amq[.]/.test(name)),
  }
}

type Nullable<View> = { [Key in keyof View]: View[Key] | null }

function defined<View>(view: Nullable<View>): View {
  const entries = Object.entries(view as object).map(([key, value]) => [key, value ?? undefined] as const)
  return Object.fromEntries(entries) as View
}

/** The counters that the broker keeps of quorum queues are up to five seconds old, so their leaders are asked. */
const queuesExpression = (chosen: string): string => `
  Items = [name, type, durable, arguments, messages_ready, messages_unacknowledged, consumers, members, pid],
  Ask = fun(Pid) ->
    Count = fun(State) -> {rabbit_fifo:query_messages_ready(State), rabbit_fifo:query_messages_checked_out(State),
      rabbit_fifo:query_consumer_count(State)} end,
    case catch ra:leader_query(Pid, Count, 2000) of
      {ok, {_, {Ready, Unacked, Consumers}}, {_, Leader}} -> {Ready, Unacked, Consumers, Leader};
      _ -> {undefined, undefined, undefined, undefined} end end,
  ${table}
  [begin
    Get = fun(Key) -> proplists:get_value(Key, Info) end,
    Given = {Get(messages_ready), Get(messages_unacknowledged), Get(consumers),
      case Get(pid) of Pid when is_pid(Pid) -> node(Pid); _ -> undefined end},
    {Ready, Unacked, Consumers, Leader} = case Get(type) of
      quorum ->
        case rabbit_amqqueue:lookup(Get(name)) of
          {ok, Queue} -> Ask(amqqueue:get_pid(Queue));
          _ -> {undefined, undefined, undefined, undefined} end;
      _ -> Given end,
    Members = case Get(members) of List when is_list(List) -> List; _ -> [N || N <- [Leader], N =/= undefined] end,
    {obj, [{<<"name">>, Get(name)}, {<<"type">>, Get(type)}, {<<"durable">>, Get(durable)},
      {<<"arguments">>, Table(Get(arguments))}, {<<"ready">>, Ready}, {<<"unacked">>, Unacked},
      {<<"consumers">>, Consumers}, {<<"leader">>, Leader}, {<<"members">>, Members}]}
  end || Info <- ${chosen}]`

const allQueues = (vhost: string): string => `rabbit_amqqueue:info_all(${binary(vhost)}, Items)`

/** A queue whose node is down is found among all only. */
const oneQueue = (vhost: string, name: string): string => `
  (fun(Name) -> case rabbit_amqqueue:lookup(Name) of
    {ok, Queue} -> [rabbit_amqqueue:info(Queue, Items)];
    _ -> [Info || Info <- ${allQueues(vhost)}, proplists:get_value(name, Info) =:= Name] end
  end)(rabbit_misc:r(${binary(vhost)}, queue, ${binary(name)}))`

const consumersExpression = (vhost: string): string => `
  Consumers = fun(Queue) ->
    % A queue that ends at this moment has none.
    case catch rabbit_amqqueue:consumers(Queue) of List when is_list(List) -> List; _ -> [] end end,
  [{obj, [{<<"queue">>, amqqueue:get_name(Queue)}, {<<"tag">>, Tag}, {<<"channel">>, Channel},
    {<<"active">>, Active}, {<<"prefetch">>, Prefetch}]}
   || Queue <- rabbit_amqqueue:list(${binary(vhost)}),
      {Channel, Tag, _, Prefetch, Active, _, _, _} <- Consumers(Queue)]`

const connectionsExpression = `
  Channels = rabbit_channel:info_all([connection, pid, number, consumer_count, messages_unacknowledged,
    messages_unconfirmed, prefetch_count]),
  Name = fun(Properties) when is_list(Properties) ->
      case lists:keyfind(<<"connection_name">>, 1, Properties) of {_, _, Found} -> Found; _ -> undefined end;
    (_) -> undefined end,
  [{obj, [{<<"clientName">>, Name(Properties)}, {<<"pid">>, Pid}, {<<"node">>, node(Pid)}, {<<"state">>, State},
    {<<"user">>, User}, {<<"vhost">>, Vhost}, {<<"peerPort">>, Port},
    {<<"channels">>, [{obj, [{<<"pid">>, Channel}, {<<"number">>, Number}, {<<"consumers">>, Consumers},
      {<<"unacked">>, Unacked}, {<<"unconfirmed">>, Unconfirmed}, {<<"prefetch">>, Prefetch}]}
      || [{_, Of}, {_, Channel}, {_, Number}, {_, Consumers}, {_, Unacked}, {_, Unconfirmed}, {_, Prefetch}] <- Channels,
         Of =:= Pid]}]}
   || [{_, Pid}, {_, Properties}, {_, State}, {_, User}, {_, Vhost}, {_, Port}] <-
      rabbit_networking:connection_info_all([pid, client_properties, state, user, vhost, peer_port])]`

const bindingsExpression = (vhost: string): string => `
  ${table}
  [{obj, [{<<"source">>, Source}, {<<"destination">>, Destination}, {<<"destinationType">>, Kind},
    {<<"routingKey">>, Key}, {<<"arguments">>, Table(Arguments)}]}
   || [{_, Source}, {_, Destination}, {_, Kind}, {_, Key}, {_, Arguments}] <- rabbit_binding:info_all(${binary(vhost)},
      [source_name, destination_name, destination_kind, routing_key, arguments])]`

const exchangesExpression = (vhost: string): string => `
  ${table}
  [{obj, [{<<"name">>, Name}, {<<"type">>, Type}, {<<"durable">>, Durable}, {<<"arguments">>, Table(Arguments)}]}
   || [{_, Name}, {_, Type}, {_, Durable}, {_, Arguments}] <- rabbit_exchange:info_all(${binary(vhost)},
      [name, type, durable, arguments])]`

/** An empty table is an empty list in Erlang, but an object. */
const table = `Table = fun(Entries) -> {obj, [{Key, Value} || {Key, _, Value} <- Entries]} end,`
