import { oneOf, type FaultKind } from '../target.js'

/** F11: a consumer is told to end under load. Nothing excuses a second run of what it has begun: no fact is noted but its end. */
export const stopConsumer: FaultKind = {
  id: 'F11',
  title: 'SIGTERM of a consumer under load',
  expectedMs: 5_000,
  weight: 10,
  async run(scene) {
    const { crew } = scene
    const leaver = oneOf(scene, crew.consumers)
    const began = performance.now()
    await crew.stop(leaver)
    const ms = Math.round(performance.now() - began)
    const next = await crew.startConsumer()
    return `${leaver.name} told to end, gone after ${ms} ms, ${next.name} took its place`
  },
}
