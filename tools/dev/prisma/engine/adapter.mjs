// @prisma/adapter-pg with two changes that the schema engine needs:
// 1. Prisma's adapter splits a script at every semicolon, even within $$ bodies. This one sends the whole script, as the native engine does,
//    and PostgreSQL runs it as one transaction.
// 2. Prisma's adapter does not know PostgreSQL's type "char". This one reads it as text, and tells the engine that it is a Character.
import { PrismaPg } from '@prisma/adapter-pg';
import { ColumnTypeEnum, bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';

import { createShadowDatabase, dropDatabase, poolConfig, schemaName } from './connection.mjs';

const CHAR_OID = 18;
const TEXT_OID = 25;

class MigrationPg extends PrismaPg {
  #url;

  constructor(url) {
    super(poolConfig(url), { schema: schemaName(url) });
    this.#url = url;
  }

  async connect() {
    return closeGaps(await super.connect());
  }

  async connectToShadowDb() {
    const name = await createShadowDatabase(this.#url);
    const adapter = closeGaps(
      await new PrismaPg(poolConfig(this.#url, name), { schema: schemaName(this.#url) }).connect(),
    );
    const dispose = adapter.dispose.bind(adapter);
    adapter.dispose = async () => {
      await dispose();
      await dropDatabase(this.#url, name);
    };
    return adapter;
  }
}

function closeGaps(adapter) {
  adapter.executeScript = async (script) => {
    try {
      await adapter.underlyingDriver().query(script);
    } catch (error) {
      adapter.onError(error);
    }
  };
  const queryRaw = adapter.queryRaw;
  adapter.queryRaw = async (query) => {
    const characters = [];
    const performIO = async (statement) => {
      const answer = await adapter.performIO(statement);
      answer.fields.forEach((field, column) => {
        if (field.dataTypeID !== CHAR_OID) return;
        characters.push(column);
        field.dataTypeID = TEXT_OID;
      });
      return answer;
    };
    const result = await queryRaw.call(Object.create(adapter, { performIO: { value: performIO } }), query);
    for (const column of characters) result.columnTypes[column] = ColumnTypeEnum.Character;
    return result;
  };
  return adapter;
}

export const adapterFactory = (url) => bindMigrationAwareSqlAdapterFactory(new MigrationPg(url));
