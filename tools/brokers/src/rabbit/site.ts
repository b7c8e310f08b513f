import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import type { RabbitPrograms } from '../locate/locate.js'
import { makeFolder } from '../process/folder.js'
import { freePort } from '../process/free-port.js'
import { Guard } from '../process/guard.js'
import { ManagedProcess } from '../process/managed-process.js'

/** What the nodes of one cluster share: a folder, a cookie, and a port mapper of their own. */
export interface RabbitSite {
  readonly programs: RabbitPrograms
  readonly folder: string
  readonly guard: Guard
  readonly cookie: string
  /** The whole environment of every program of this site; nothing of ours gets in. */
  readonly env: Readonly<Record<string, string>>
  close(): Promise<void>
}

export async function makeSite(programs: RabbitPrograms): Promise<RabbitSite> {
  const folder = await makeFolder('rabbitmq')
  const guard = new Guard(folder)
  const close = (): Promise<void> => guard.close()
  try {
    const cookie = randomBytes(10).toString('hex').toUpperCase()
    await writeFile(join(folder, '.erlang.cookie'), cookie, { mode: 0o400 })
    await writeFile(join(folder, 'rabbitmq-env.conf'), '')
    await writeFile(join(folder, 'enabled_plugins'), '[].\n')
    const port = String(await freePort())
    const env = {
      PATH: [dirname(programs.erl), '/usr/bin', '/bin', '/usr/sbin', '/sbin'].join(delimiter),
      LANG: 'C.UTF-8',
      HOME: folder,
      ERL_EPMD_PORT: port,
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_CONF_ENV_FILE: join(folder, 'rabbitmq-env.conf'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
      // Several nodes on few cores would all be bound to the same ones.
      RABBITMQ_SCHEDULER_BIND_TYPE: 'u',
    }
    // In the foreground and before any node: a node that finds none starts one that outlives it.
    await ManagedProcess.start(
      {
        title: 'epmd',
        command: programs.epmd,
        args: ['-address', '127.0.0.1', '-port', port],
        env,
        folder,
        logFile: join(folder, 'epmd.log'),
      },
      guard,
    )
    return { programs, folder, guard, cookie, env, close }
  } catch (error) {
    await close()
    throw error
  }
}
