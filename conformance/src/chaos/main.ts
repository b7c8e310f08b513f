import { chaosCommand } from './chaos-command.js'

process.exitCode = await chaosCommand(process.argv.slice(2), (line) => console.log(line))
