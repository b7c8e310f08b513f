import type { Ask } from '../surroundings.js'

/** What the process of a subject sends. */
export type FromSubject =
  | { readonly kind: 'ask'; readonly id: number; readonly request: string; readonly args: readonly unknown[] }
  | { readonly kind: 'sample'; readonly sample: unknown }

/** What it is answered. */
export type ToSubject = { readonly kind: 'answer'; readonly id: number } & (
  { readonly value: unknown } | { readonly error: string }
)

/** Asks whoever started this process. What is not answered when it ends is not answered at all. */
export function askParent(): Ask {
  const open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let asked = 0
  process.on('message', (message: ToSubject) => {
    const asking = open.get(message.id)
    open.delete(message.id)
    if ('error' in message) asking?.reject(new Error(message.error))
    else asking?.resolve(message.value)
  })
  return (request, args) =>
    new Promise((resolve, reject) => {
      asked += 1
      open.set(asked, { resolve, reject })
      process.send?.({ kind: 'ask', id: asked, request, args } satisfies FromSubject)
    })
}

/** Never rejects: what goes wrong is the asker's to hear. */
export async function answerTo(
  { id, request, args }: Extract<FromSubject, { kind: 'ask' }>,
  answer: Ask,
): Promise<ToSubject> {
  try {
    return { kind: 'answer', id, value: await answer(request, args) }
  } catch (error) {
    return { kind: 'answer', id, error: error instanceof Error ? error.message : String(error) }
  }
}
