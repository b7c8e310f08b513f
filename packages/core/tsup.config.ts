import { library } from '../../tsup.base.js'

export default library({
  index: 'src/index.ts',
  memory: 'src/memory/index.ts',
  spi: 'src/spi.ts',
  config: 'src/config/index.ts',
})
