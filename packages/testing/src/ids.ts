/** One line of the conformance list. */
export interface ConformanceId {
  readonly id: string
  readonly title: string
  /** The one broker that it is about. @default every adapter */
  readonly only?: 'rabbitmq' | 'kafka'
  /** Why not even a memory adapter that behaves like that broker can be asked. @default it can, see `Harness.standsFor` */
  readonly notInMemory?: string
  /** The plugin that brings its test. @default core */
  readonly plugin?: 'idempotency' | 'rate-limit' | 'retry' | 'rxjs'
}

/** Every id, in order. What a test needs of the harness stands with its definition. */
export const conformanceIds = [
  { id: 'P1', title: 'payload, headers, key, id, type, correlation id, timestamp and content type round-trip' },
  {
    id: 'P2',
    title:
      'header values of any well-formed text and foreign bytes round-trip; other names are rejected before any I/O',
  },
  {
    id: 'P3',
    title:
      'arbitrary bytes, empty payload, null body and 1 MiB round-trip; over the limit is a typed error and the connection lives on',
  },
  {
    id: 'P4',
    title: 'broker killed mid-publish with two groups: every resolved id is readable by both, no refused id in either',
  },
  { id: 'P5', title: 'an unknown destination is a typed error that names the topic' },
  { id: 'P6', title: 'a batch has one result per message, and a bad one does not hide the others' },
  { id: 'P7', title: 'order of a key inside and across batches, also when an earlier one was uncertain and is resent' },
  { id: 'P8', title: 'publish after close is a typed error; closing twice is harmless' },
  { id: 'P9', title: 'an abort before writing is ABORTED and sends nothing, after it UNCERTAIN' },
  { id: 'P10', title: 'close flushes everything that was accepted' },
  {
    id: 'P11',
    title: '100,000 publishes without awaiting resolve or get a typed error, in bounded memory, and none is lost',
  },
  { id: 'P12', title: 'publish while disconnected waits up to the deadline, then is a typed error' },
  {
    id: 'P13',
    title: 'while the broker says "blocked" publishes wait, consumers go on and settle, nothing is lost',
    only: 'rabbitmq',
  },
  {
    id: 'P14',
    title: 'a publish to a missing exchange does not fail its innocent neighbours',
    only: 'rabbitmq',
    notInMemory: 'memory knows topics only: there is no exchange that could be missing beside them',
  },
  { id: 'P15', title: 'a resend after uncertain keeps the id' },
  {
    id: 'P16',
    title: 'the answer to one stored publish is lost with others waiting: no acknowledged message is missing',
  },
  {
    id: 'P17',
    title: 'a topic without groups rejects or stores, as declared; its named groups exist before the first publish',
  },
  {
    id: 'P18',
    title:
      'publishOrder strict: a refusal or loss in mid-pipeline never lets a later message of the key be stored first',
  },
  { id: 'P19', title: 'changing the payload after the call changes nothing' },
  { id: 'C1', title: 'every group gets every message' },
  { id: 'C2', title: 'competing consumers: the sum equals what was sent, each once' },
  { id: 'C3', title: 'topics do not leak into each other' },
  { id: 'C4', title: 'a group created by provision gets what was sent before its first consumer' },
  { id: 'C5', title: 'a backlog present at subscribe time is never settled without the handler having ended' },
  { id: 'C6', title: '20 topics at once on one messaging object' },
  { id: 'C7', title: 'delivery.signal fires on loss, on handler timeout and on the drain deadline' },
  { id: 'C8', title: 'closing one subscription leaves the others running' },
  { id: 'C9', title: 'never more than the window unsettled, at the handler and at the broker' },
  { id: 'C10', title: 'a stalled handler: memory bounded, the backlog stays at the broker' },
  {
    id: 'C11',
    title:
      'batch handler: partial, full, late, max wait; one settlement per message; members come back singly after a throw',
  },
  { id: 'C12', title: 'starting before the broker is up, then recovering' },
  { id: 'C13', title: 'two instances on a keyed topic share the partitions evenly after a join, a leave and a kill' },
  { id: 'C14', title: 'async iterator: one of a key at a time; breaking out closes and gives back' },
  { id: 'C15', title: 'Observable: unsubscribe while idle stops consumption', plugin: 'rxjs' },
  { id: 'C16', title: 'the start of a group is fixed when it is created, for later joins and later partitions' },
  { id: 'C17', title: 'a new group starts at its creation; from: earliest replays or is refused at subscribe' },
  {
    id: 'C18',
    title: 'handler timeout: signal, failure at the end of the promise, no second run beside it, visible in health',
  },
  { id: 'S1', title: 'give back: redelivered, no attempt counted' },
  { id: 'S2', title: 'retry with delay is never early and late within bounds' },
  { id: 'S3', title: 'a second settle is a typed error and closes nothing' },
  { id: 'S4', title: 'settling out of order, then a crash: nothing lost' },
  { id: 'S5', title: 'a storm of 300 give-backs, then a fresh consumer gets all' },
  { id: 'S6', title: 'a failed message comes back after a crash though later ones succeeded' },
  { id: 'S7', title: 'undecodable bytes are dead-lettered with everything kept; a null body is a tombstone' },
  {
    id: 'S8',
    title: 'dead letter: exactly one copy without faults, at least one with them, original ended only after it',
  },
  {
    id: 'S9',
    title: 'attempt count exact across retries and durable copies, never over-counted, kept over a kill where declared',
  },
  { id: 'S10', title: 'a non-retryable error goes straight to the dead letters' },
  { id: 'S11', title: 'retries reach only the failing group' },
  { id: 'S12', title: 'a long delay does not hold up a short one' },
  { id: 'S13', title: 'invalid by schema: dead-lettered without running the handler' },
  { id: 'S14', title: 'dead-letter headers complete and capped, also at the size limit' },
  {
    id: 'S15',
    title:
      'redrive: order, filter, limit, dry run, same id, only the failing group; interrupted and repeated loses none',
  },
  { id: 'S16', title: 'a settle on a lost delivery is dropped safely and the redelivery handled' },
  { id: 'S17', title: 'thirty hand-overs of a message that was never started neither drop nor count it' },
  { id: 'S18', title: 'a message that kills its process is dead-lettered after 5 kills, its neighbours are not' },
  { id: 'S19', title: '1,200 give-backs of one message and 1,200 listings of the dead letters lose nothing' },
  { id: 'O1', title: '16, 100 and 1,000 keys: exact order per key, and any two keys can overlap' },
  { id: 'O2', title: 'two handlers of one key never overlap over all instances, through planned joins and leaves' },
  { id: 'O3', title: 'an in-place retry keeps key order, holds no slot, and other keys go on' },
  { id: 'O4', title: 'a policy that cannot keep order is refused for an ordered subscription' },
  { id: 'O5', title: 'join, leave and kill in mid-stream: order kept, duplicates only from the unsettled tail' },
  { id: 'O6', title: 'null key, empty key, ill-formed key, one key on two topics, a hot key beside 10,000 cold ones' },
  { id: 'O7', title: 'gaps in the log do not stall commits', only: 'kafka' },
  { id: 'O8', title: 'order after reconnect and broker restart' },
  {
    id: 'O9',
    title: 'after the last attempt: dead-letter lets the key go on, hold keeps its lane closed until released',
  },
  { id: 'O10', title: 'key to partition is the same function everywhere' },
  { id: 'O11', title: 'connection cut under a 3 s handler: the redelivery in the same process waits for it' },
  {
    id: 'O12',
    title:
      'a finished message is stored in time though an earlier one is open; a stuck key stops others only at the bound',
  },
  {
    id: 'O13',
    title: 'a partition count that differs from the broker is TOPOLOGY_MISMATCH before the first publish or consume',
  },
  { id: 'O14', title: 'give-back on a keyed topic: the key waits, the same message comes first' },
  { id: 'O15', title: 'batches with keys: a key is in one running batch, order kept through partial failure' },
  { id: 'O16', title: 'a redriven or delayed message never overlaps or is overtaken by a running one of its key' },
  {
    id: 'D1',
    title: 'graceful close with handlers running: no duplicate, no loss, the next consumer goes on exactly after',
  },
  {
    id: 'D2',
    title: 'messages arriving, held or waiting during close are left for others at once, never dead-lettered',
  },
  { id: 'D3', title: 'deadline passed: the rest is redelivered, close resolves and reports it' },
  { id: 'D4', title: 'rolling restart of three consumers under load: no loss, no duplicate' },
  { id: 'D5', title: 'close during start, during reconnect, ten times at once' },
  { id: 'D6', title: 'nothing left behind: timers, sockets, listeners, unhandled rejections' },
  { id: 'D7', title: 'kills at random points: nothing lost, duplicates within the derived bound' },
  { id: 'D8', title: 'SIGTERM under load: nothing lost, exit within the deadline' },
  { id: 'D9', title: '1,000 messages that finish scattered, then close in the same tick: none is redelivered' },
  { id: 'D10', title: 'a handler that publishes during close succeeds; close resolves when all copies are confirmed' },
  { id: 'R1', title: 'broker restarted twice under load, delayed messages included' },
  { id: 'R2', title: 'cut, half-open, tiny slices, cut in mid-frame, on publish and on consume' },
  { id: 'R3', title: 'one, two, all of three nodes killed, then back' },
  {
    id: 'R4',
    title: 'a channel closed by the server recovers without restart',
    only: 'rabbitmq',
    notInMemory: 'a memory connection has no channels that could be closed apart from it',
  },
  { id: 'R5', title: 'a queue deleted and recreated while consuming', only: 'rabbitmq' },
  { id: 'R6', title: "a handler longer than the broker's hold limit: nothing lost or run twice at once" },
  { id: 'R7', title: '20 flaps in a row: one live consumer per subscription, no more listeners than before' },
  { id: 'R8', title: 'pause and resume, longer than the hold limit, keep the assignment and count nothing' },
  { id: 'R9', title: 'black hole of 15 s: detected, publishes settle by their deadline' },
  { id: 'R10', title: 'wrong credentials and impossible topology fail fast; unreachable does not' },
  { id: 'R11', title: 'event loop blocked for 3 heartbeats: recovers, nothing lost' },
  { id: 'R12', title: 'health and events change within a second of detection' },
  {
    id: 'R13',
    title: 'minimum in-sync replicas not met: clear error, recovers, no busy loop',
    only: 'kafka',
    notInMemory: 'memory keeps one copy of each message: there are no replicas that could be missing',
  },
  { id: 'R14', title: 'rebalance storm for 60 s: progress, no loss, no deadlock', only: 'kafka' },
  {
    id: 'R15',
    title: 'a member stopped past its session, then continued: its commits are fenced or harmless',
    only: 'kafka',
  },
  {
    id: 'R16',
    title: 'committed offset gone by retention: the configured policy, and an event with the number lost',
    only: 'kafka',
  },
  {
    id: 'R17',
    title: "a foreign producer's compressed batches are read",
    only: 'kafka',
    notInMemory: 'memory hands over what a producer has sent as it is: nothing is compressed',
  },
  { id: 'R18', title: 'commits never go backwards and never cover unfinished work', only: 'kafka' },
  {
    id: 'R19',
    title: "the group's coordinator dies: settlements are stored again within 10 s",
    only: 'kafka',
    notInMemory: 'a memory broker coordinates its groups itself: nobody does it who could die alone',
  },
  { id: 'R20', title: 'an instance frozen past its session, then resumed, starts nothing that another has finished' },
  {
    id: 'R21',
    title: 'a batch that the client cannot read stops the partition, says where, and never skips',
    only: 'kafka',
    notInMemory: 'what memory hands over are objects of the same process: its client can always read them',
  },
  { id: 'I1', title: 'handler fails first: the redelivery is processed', plugin: 'idempotency' },
  { id: 'I2', title: 'crash after the effect, before the mark: the only case of a second run', plugin: 'idempotency' },
  { id: 'I3', title: 'three instances race on one id: one runs', plugin: 'idempotency' },
  { id: 'I4', title: 'store down: pause or process as configured, nothing dropped', plugin: 'idempotency' },
  { id: 'I5', title: 'expiry', plugin: 'idempotency' },
  { id: 'I6', title: 'token mode: crash at every step', plugin: 'idempotency' },
  {
    id: 'I7',
    title: 'token mode: refused withdraws, uncertain keeps, a retried publish really sends',
    plugin: 'idempotency',
  },
  { id: 'I8', title: 'a stale owner cannot complete or release', plugin: 'idempotency' },
  {
    id: 'I9',
    title: 'busy holds its lane, no slot, no attempt, never acked; given back at drain',
    plugin: 'idempotency',
  },
  { id: 'I10', title: 'redrive of a completed id is skipped, of a failed id runs', plugin: 'idempotency' },
  {
    id: 'I11',
    title: 'the store forgets between publish and consume: the message is processed',
    plugin: 'idempotency',
  },
  { id: 'L1', title: 'long-run rate within 1 %, burst bounded, one process and four', plugin: 'rate-limit' },
  { id: 'L2', title: 'limits per key are independent', plugin: 'rate-limit' },
  { id: 'L3', title: 'waiting is cancellable, never a give-back or an attempt', plugin: 'rate-limit' },
  { id: 'L4', title: 'store down: falls back to a share', plugin: 'rate-limit' },
  { id: 'L5', title: 'after a stall never more than burst + rate handler starts in any 100 ms', plugin: 'rate-limit' },
  { id: 'T1', title: 'delays match the policy, jitter in bounds', plugin: 'retry' },
  { id: 'T2', title: 'options in any order give one pipeline', plugin: 'retry' },
  { id: 'T3', title: 'attempts exhaust exactly, across process restarts where declared', plugin: 'retry' },
  { id: 'T4', title: 'wall clock moved by an hour: nothing changes', plugin: 'retry' },
  { id: 'B1', title: 'the breaker pauses and probes; no attempt is counted and no message failed by it' },
  { id: 'B2', title: 'ten minutes of outage of a dependency: no dead letter, all handled after', plugin: 'retry' },
  { id: 'X1', title: 'one program, unchanged, by configuration only: same observable log' },
  { id: 'X2', title: 'a refused capability fails at start-up and names the adapters that have it' },
  { id: 'X3', title: 'memory made like another adapter behaves and refuses as that one' },
  { id: 'X4', title: 'the kit passes again with a no-op middleware installed' },
  { id: 'X5', title: 'messages of a plain client are consumed; messages of Sluice are readable by a plain client' },
  { id: 'X6', title: 'two neighbouring format versions work in one group' },
  { id: 'X7', title: 'names that would collide cannot be made; derived names stay in the limits' },
] as const

export type Id = (typeof conformanceIds)[number]['id']

const byId: ReadonlyMap<string, ConformanceId> = new Map(conformanceIds.map((line) => [line.id, line]))

export const isId = (id: string): id is Id => byId.has(id)

/** @throws RangeError when there is no such id */
export function conformanceId(id: string): ConformanceId {
  const line = byId.get(id)
  if (line === undefined) throw new RangeError(`there is no conformance id "${id}"`)
  return line
}
