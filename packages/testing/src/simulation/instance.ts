import { createMessaging, isSluiceError, type Messaging } from '@sluice/core'
import { memory, type InstanceControl } from '@sluice/core/memory'
import { watchClaims } from './claims.js'
import { closeWatched } from './closing.js'
import { Consumption, type GroupState } from './consumption.js'
import { createProcessClock, type ProcessClock } from './process-clock.js'
import type { Publishing } from './publishing.js'
import type { Seeded } from './seeded.js'
import type { World } from './world.js'

/** One process: a messaging object that publishes, and consumes unless it is a publisher. */
export class Instance {
  readonly name: string
  readonly clock: ProcessClock
  readonly consumptions: Consumption[] = []
  readonly #world: World
  readonly #publishing: Publishing
  /** Why nothing passes at the moment. */
  readonly #cuts = new Set<string>()
  #messaging: Messaging | undefined
  ready = false
  dead = false
  closed = false
  closing = false
  frozen = false
  /** Claims that were lost for a reason. */
  losses = 0
  /** Until when partitions are being handed over. */
  handingOverUntilMs = 0
  /** Sides that are not ready, and since when nothing was lost again. */
  readonly recovering: Set<'publish' | 'consume'> = new Set()

  constructor(world: World, publishing: Publishing, name: string) {
    this.#world = world
    this.#publishing = publishing
    this.name = name
    this.clock = createProcessClock(world.clock, () => {
      world.turn += 1
    })
  }

  get messaging(): Messaging | undefined {
    return this.#messaging
  }

  get living(): boolean {
    return !this.dead && !this.closed
  }

  get usable(): boolean {
    return this.living && this.ready && !this.closing
  }

  get control(): InstanceControl | undefined {
    return this.#world.control.instances().find(({ clientName }) => clientName === this.name)
  }

  /** Connects. Returns once the engine is loaded, which takes real time; what follows takes simulated time. */
  async open(groups: ReadonlyMap<string, GroupState>): Promise<void> {
    const world = this.#world
    const { reached, opening } = this.#connect()
    opening
      .then((messaging) => this.#begin(messaging, groups))
      .catch((error: unknown) => {
        const code = isSluiceError(error) ? `${error.code} ` : ''
        if (this.living && !this.closing) world.problem(`${this.name} could not begin: ${code}${String(error)}`)
      })
    await reached
  }

  /** Does something inside the process: one that stands still does it when it goes on. */
  run(act: () => void): void {
    this.clock.after(0, act)
  }

  kill(noticeMs: number | undefined, unreported: 'half' | 'stored' | 'lost'): void {
    const { control, name } = this
    if (!this.living || control === undefined) return
    const world = this.#world
    if (world.facts.unsettledLetters(name) > 0) world.situations.saw('crash between dead-letter copy and settle')
    world.journal.recorder.fault({ kind: 'connection-restored', instance: name })
    world.journal.recorder.fault({ kind: 'killed', instance: name })
    this.dead = true
    this.clock.kill()
    control.kill({ unreported, ...(noticeMs === undefined ? {} : { noticeMs }) })
  }

  /** Nothing passes from now on, for a reason that others may join. */
  cut(reason: string): void {
    if (!this.living) return
    this.#cuts.add(reason)
    this.#world.journal.recorder.fault({ kind: 'connection-lost', instance: this.name })
  }

  mended(reason: string): void {
    this.#cuts.delete(reason)
    if (this.living && this.#cuts.size === 0)
      this.#world.journal.recorder.fault({ kind: 'connection-restored', instance: this.name })
  }

  freeze(): void {
    this.cut('frozen')
    this.control?.freeze()
    this.clock.freeze()
    this.frozen = true
  }

  thaw(): void {
    if (!this.frozen || !this.living) return
    this.#world.note(`thaw ${this.name}`)
    this.frozen = false
    this.control?.thaw()
    this.clock.thaw()
    this.mended('frozen')
  }

  /** Begins a close within `deadlineMs`. */
  close(deadlineMs: number, leavesLoops: boolean): void {
    if (this.#messaging === undefined || this.closing || this.frozen || !this.living) return
    closeWatched(this.#world, this, this.#messaging, { deadlineMs, leavesLoops })
  }

  #connect(): { readonly reached: Promise<void>; readonly opening: Promise<Messaging> } {
    const { broker, plan } = this.#world
    const adapter = memory({ broker })
    const open = adapter.open.bind(adapter)
    let tell: () => void = () => undefined
    const reached = new Promise<void>((resolve) => {
      tell = resolve
    })
    Object.defineProperty(adapter, 'open', {
      value: (...given: Parameters<typeof open>) => {
        tell()
        return open(...given)
      },
    })
    const { publishOrder, bufferMessages } = plan
    const opening = createMessaging({
      ...{ adapter, clock: this.clock, clientName: this.name, startupTimeoutMs: 300_000, publishOrder },
      buffer: { messages: bufferMessages },
    })
    return { reached, opening }
  }

  async #begin(messaging: Messaging, groups: ReadonlyMap<string, GroupState>): Promise<void> {
    const world = this.#world
    this.#messaging = messaging
    watchClaims(world, this, messaging)
    const publish = (id: string, random: Seeded): Promise<void> | undefined => {
      // What a handler has published publishes nothing.
      if (world.quiet || id.startsWith('h')) return undefined
      const source = { name: this.name, messaging, dead: () => this.dead }
      const key = random.pick(['k0', 'k1', null])
      const topic = random.pick(world.plan.groups).topic
      return this.#publishing.one(source, topic, { id: `h${this.#publishing.count}.${id}`, key })
    }
    for (const plan of world.plan.groups) {
      const state = groups.get(plan.group)
      if (state === undefined) continue
      const consumption = new Consumption({
        ...{ world, plan, state, messaging, publish, instance: this.name, clock: this.clock },
        dead: () => this.dead,
        draining: () => this.closing || world.clock.monotonic() < this.handingOverUntilMs,
      })
      this.consumptions.push(consumption)
    }
    await Promise.all(this.consumptions.map((consumption) => consumption.begin()))
    this.ready = true
  }
}
