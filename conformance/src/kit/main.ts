import { kitCommand } from './kit-command.js'

process.exitCode = await kitCommand(process.argv.slice(2), (line) => console.log(line))
