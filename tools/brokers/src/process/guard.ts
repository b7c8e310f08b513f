import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Keeps the last list of pids that it was told. When its input ends, which is when this process ends in whatever way,
 * it kills them and removes the folder. They may still be writing to it while they die.
 */
const script = `
pids=
while read -r line; do pids=$line; done
[ -n "$pids" ] && kill -9 $pids 2>/dev/null
for try in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$1" 2>/dev/null && exit 0; sleep 0.1; done
`

/**
 * Sees to it that nothing outlives this process: not its child processes, not their folder. An exit hook does it on an
 * ordinary exit; a shell that waits for the end of a pipe does it after signals, crashes and SIGKILL. No signal handler is
 * installed, and nothing is killed that was not handed to it.
 */
export class Guard {
  readonly #folder: string
  /** What there is, and when it has ended. */
  readonly #running = new Map<number, Promise<unknown>>()
  readonly #shell: ChildProcess
  readonly #onExit = (): void => this.#killNow()

  constructor(folder: string) {
    this.#folder = folder
    // Of its own session: what kills a whole process group must not kill the one who cleans up after it.
    const shell = spawn('/bin/sh', ['-c', script, 'guard', folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    shell.on('error', () => undefined)
    shell.stdin.on('error', () => undefined)
    shell.unref()
    unref(shell.stdin)
    this.#shell = shell
    process.on('exit', this.#onExit)
  }

  add(pid: number, exited: Promise<unknown>): void {
    this.#running.set(pid, exited)
    this.#tell()
    void exited.then(() => {
      this.#running.delete(pid)
      this.#tell()
    })
  }

  /** Kills what is left, waits until it is gone, removes the folder, and ends. */
  async close(): Promise<void> {
    const left = [...this.#running]
    for (const [pid] of left) kill(pid)
    // What does not even end by SIGKILL is left to the kernel. The timer keeps this process alive while it waits.
    const timer = new AbortController()
    const late = delay(10_000, undefined, { signal: timer.signal }).catch(() => undefined)
    await Promise.race([Promise.all(left.map(([, exited]) => exited)), late])
    timer.abort()
    process.off('exit', this.#onExit)
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 })
    this.#shell.ref()
    const ended = this.#shell.exitCode === null ? once(this.#shell, 'exit') : undefined
    this.#shell.stdin?.end()
    await ended
  }

  #tell(): void {
    this.#shell.stdin?.write(`${[...this.#running.keys()].join(' ')}\n`)
  }

  #killNow(): void {
    for (const pid of this.#running.keys()) kill(pid)
    try {
      rmSync(this.#folder, { recursive: true, force: true })
    } catch {
      // A process that is just dying wrote to it; the shell removes it in a moment.
    }
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}

/** A pipe that stays open is no reason for this process to stay. */
function unref(stream: object): void {
  if ('unref' in stream && typeof stream.unref === 'function') stream.unref()
}
