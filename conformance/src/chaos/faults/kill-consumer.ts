import { oneOf, type FaultKind } from '../target.js'

/** F10: a consumer dies without warning, and another one takes its place. */
export const killConsumer: FaultKind = {
  id: 'F10',
  title: 'SIGKILL of a consumer',
  expectedMs: 4_000,
  weight: 16,
  async run(scene) {
    const { crew } = scene
    const victim = oneOf(scene, crew.consumers)
    await crew.kill(victim)
    const next = await crew.startConsumer()
    return `killed ${victim.name}, ${next.name} took its place`
  },
}
