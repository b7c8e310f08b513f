import { constants } from 'node:os'
import { checkKeys, checkMethods, checkMs, show } from './errors/check-options.js'
import { SluiceError } from './errors/sluice-error.js'
import type { Messaging } from './messaging-handle.js'

/** Options of {@link closeOnSignals}. */
export interface CloseOnSignalsOptions {
  /** @default ['SIGTERM', 'SIGINT'] */
  readonly signals?: readonly NodeJS.Signals[]
  /** Longest wait for running handlers, in ms. @default what `close` waits: 25000 */
  readonly deadlineMs?: number
  /** Ends the process after a clean close, whatever else it still does. @default false: it ends by itself when nothing is left to do */
  readonly exit?: boolean
}

/**
 * Closes when the process is told to end. After a clean close the exit code is 0 unless somebody has set another one. When the
 * deadline has passed, `close` has failed, or a second signal arrives, the signal is raised again without this listener: usually the
 * process ends with it at once (shells show 128 + its number), and what was left is handed over again.
 *
 * Returns a function that removes the listeners. They also go when the messaging object is closed by somebody else.
 * @throws SluiceError UNKNOWN_OPTION, INVALID_OPTION
 */
export function closeOnSignals(
  messaging: Pick<Messaging, 'close' | 'on'>,
  options: CloseOnSignalsOptions = {},
): () => void {
  checkMethods('messaging', messaging ?? {}, ['close', 'on'])
  checkKeys('options', options, ['signals', 'deadlineMs', 'exit'])
  const { signals = ['SIGTERM', 'SIGINT'], deadlineMs, exit = false } = options
  checkMs('deadlineMs', deadlineMs)
  if (typeof exit !== 'boolean') throw invalid('exit', 'must be true or false')
  checkSignals(signals)
  let closing = false
  let raised = false

  const remove = (): void => {
    for (const signal of signals) process.removeListener(signal, onSignal)
  }
  const raiseAgain = (signal: NodeJS.Signals): void => {
    if (raised) return
    raised = true
    remove()
    process.kill(process.pid, signal)
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    if (closing) {
      raiseAgain(signal)
      return
    }
    closing = true
    messaging.close(deadlineMs === undefined ? {} : { deadlineMs }).then(
      ({ clean }) => {
        if (!clean) raiseAgain(signal)
        else if (exit && !raised) process.exit()
        else remove()
      },
      (error: unknown) => {
        process.emitWarning(
          `closing on ${signal} failed: ${error instanceof Error ? error.message : String(error)}`,
          'SluiceWarning',
        )
        raiseAgain(signal)
      },
    )
  }
  for (const signal of signals) process.on(signal, onSignal)
  messaging.on('closed', () => {
    if (!closing) remove()
  })
  return remove
}

/** A name that the system does not know would be listened to for ever; two that nobody can listen to would be refused half-way. */
function checkSignals(signals: unknown): void {
  if (!Array.isArray(signals) || signals.length === 0) {
    throw invalid('signals', 'must be an array of signal names, for example ["SIGTERM"]')
  }
  signals.forEach((signal: unknown, index) => {
    const known = typeof signal === 'string' && Object.hasOwn(constants.signals, signal)
    if (!known || signal === 'SIGKILL' || signal === 'SIGSTOP') {
      throw invalid(`signals[${index}]`, `must be the name of a signal that can be listened to, got ${show(signal)}`)
    }
    if (signals.indexOf(signal) !== index)
      throw invalid(`signals[${index}]`, `"${signal}" is there twice: leave one out`)
  })
}

const invalid = (field: string, text: string): SluiceError =>
  new SluiceError('INVALID_OPTION', `${field} ${text}`, { field })
