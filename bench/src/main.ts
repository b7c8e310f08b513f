import { bench } from './bench.js'

// Ending at once lets the process that measures at this moment be ended as well.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  process.once(signal, () => process.exit(code))

process.exitCode = await bench(process.argv.slice(2), {
  print: (line) => console.log(line),
  progress: (line) => console.error(line),
})
