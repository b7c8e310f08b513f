import { closeOnSignals, createMessaging, type Messaging } from '@sluice/core'
import { connections } from '../connections.js'
import type { Command, Task } from '../crew/protocol.js'
import { HistoryFile } from '../history/history-file.js'
import { consume } from './consume.js'
import { Progress, tell } from './progress.js'
import { Publisher } from './publish.js'
import { stall } from './stall.js'

/** A process of the crew: a publisher or a consumer that ends in good order when it is told to (SIGTERM). */

let publisher: Publisher | undefined

async function begin({ name, adapter, connection, historyFile, role }: Task): Promise<void> {
  const connect = connections[adapter]
  if (connect === undefined) throw new Error(`Chaos knows no adapter ${adapter}`)
  const messaging: Messaging = await createMessaging({
    adapter: connect(connection),
    clientName: name,
    ...(role.kind === 'publisher' ? { publishTimeoutMs: role.publishTimeoutMs } : {}),
  })
  const progress = new Progress()
  const file = new HistoryFile(historyFile)
  messaging.on('closed', () => {
    publisher?.end()
    progress.end()
    // Nothing else may keep this process: it has to end by itself.
    if (process.connected) process.disconnect()
  })
  closeOnSignals(messaging)
  if (role.kind === 'consumer') await consume(messaging, role, file, progress)
  else {
    const finished = (): void => tell({ kind: 'finished' })
    publisher = new Publisher({ name, messaging, role, file, progress, finished })
  }
  tell({ kind: 'ready' })
}

process.on('message', (command: Command) => {
  switch (command.kind) {
    case 'task':
      void begin(command.task)
      break
    case 'rate':
      if (publisher !== undefined) publisher.perSecond = command.perSecond
      break
    case 'side-rate':
      if (publisher !== undefined) publisher.sidePerSecond = command.perSecond
      break
    case 'poison':
      publisher?.poison(command.messages)
      break
    case 'stall':
      stall(command.ms)
      tell({ kind: 'stalled' })
  }
})

let told = false
process.on('SIGTERM', () => (told = true))
process.on('disconnect', () => {
  // Whoever started this one is gone: nobody will ever end it.
  if (!told) process.exit(1)
})
