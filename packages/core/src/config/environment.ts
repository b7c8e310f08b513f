import { isSluiceError, SluiceError } from '../errors/sluice-error.js'
import { resolveCommon } from '../messaging-check.js'
import type { CommonOptions } from '../messaging-options.js'

export interface EnvironmentSettings {
  readonly url: string | undefined
  readonly common: CommonOptions
}

/** Variables and the options that they set. An empty one counts as not set. */
const variables = [
  { variable: 'SLUICE_TOPOLOGY', option: 'topology', numeric: false },
  { variable: 'SLUICE_CLIENT_NAME', option: 'clientName', numeric: false },
  { variable: 'SLUICE_STARTUP_TIMEOUT_MS', option: 'startupTimeoutMs', numeric: true },
  { variable: 'SLUICE_PUBLISH_TIMEOUT_MS', option: 'publishTimeoutMs', numeric: true },
] as const satisfies readonly { variable: string; option: keyof CommonOptions; numeric: boolean }[]

/** @throws SluiceError INVALID_OPTION naming the variable */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): EnvironmentSettings {
  const common: Record<string, string | number> = {}
  for (const { variable, option, numeric } of variables) {
    const text = env[variable]?.trim()
    if (text === undefined || text === '') continue
    if (numeric && !/^\d+(\.\d+)?$/.test(text))
      throw invalid(variable, `must be a number of milliseconds, got ${JSON.stringify(text)}`)
    const value = numeric ? Number(text) : text
    try {
      resolveCommon({ [option]: value })
    } catch (error) {
      throw isSluiceError(error) ? invalid(variable, `is wrong: ${error.message.slice(error.code.length + 2)}`) : error
    }
    common[option] = value
  }
  const url = env['SLUICE_URL']?.trim()
  return { url: url === '' ? undefined : url, common }
}

const invalid = (variable: string, text: string): SluiceError =>
  new SluiceError('INVALID_OPTION', `the environment variable ${variable} ${text}`, { field: variable })
