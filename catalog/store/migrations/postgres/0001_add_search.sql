CREATE INDEX "products_on_sale_by_category" ON "products" USING btree ("tenant_id","category","sku") WHERE not withdrawn;
--> statement-breakpoint
-- Small letters, ё as е, and nothing but words: the same whatever locale the database was made with, and the same words
-- that FTS5 finds. Left out are signs, punctuation and emoji, and ʼ, which is an apostrophe to Ukrainian.
CREATE FUNCTION words_of(said text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT pg_catalog.regexp_replace(
		pg_catalog.translate(pg_catalog.lower(said COLLATE "C"),
			'ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽЀЁЂЃЄЅІЇЈЉЊЋЌЍЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѶѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӁӃӅӇӉӋӍӐӒӔӖӘӚӜӞӠӢӤӦӨӪӬӮӰӲӴӶӸӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮё',
			'àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷÿźżžѐеђѓєѕіїјљњћќѝўџабвгдежзийклмнопрстуфхцчшщъыьэюяѡѣѥѧѩѫѭѯѱѳѵѷѹѻѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӂӄӆӈӊӌӎӑӓӕӗәӛӝӟӡӣӥӧөӫӭӯӱӳӵӷӹӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯе'),
		'[^0-9a-zªµºÀ-ÖØ-öø-\u02BB\u02BD-\u1FFF\u2C00-\u2DFF\u3041-\uD7FF\uF900-\uFDCF\uFE70-\uFEFC\uFF10-\uFF19\uFF21-\uFF3A\uFF41-\uFF5A\uFF66-\uFFDC\U00020000-\U0003FFFF]+',
		' ', 'g')
$$;
--> statement-breakpoint
-- The words of every product, kept by the triggers below: to rank what is found they need not be made again.
CREATE TABLE "product_search" (
	"tenant_id" text NOT NULL,
	"sku" bigint NOT NULL,
	"words" tsvector NOT NULL,
	PRIMARY KEY ("tenant_id", "sku")
);
--> statement-breakpoint
CREATE FUNCTION product_words(name text, description text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT pg_catalog.setweight(pg_catalog.to_tsvector('pg_catalog.simple', words_of(name)), 'A')
		|| pg_catalog.setweight(pg_catalog.to_tsvector('pg_catalog.simple', words_of(description)), 'D')
$$;
--> statement-breakpoint
CREATE FUNCTION put_product_words() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO "product_search" VALUES (NEW.tenant_id, NEW.sku, product_words(NEW.name, NEW.description))
	ON CONFLICT ("tenant_id", "sku") DO UPDATE SET "words" = excluded."words";
	RETURN NULL;
END $$;
--> statement-breakpoint
CREATE FUNCTION drop_product_words() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	DELETE FROM "product_search" WHERE "tenant_id" = OLD.tenant_id AND "sku" = OLD.sku;
	RETURN NULL;
END $$;
--> statement-breakpoint
CREATE FUNCTION drop_all_words() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	TRUNCATE "product_search";
	RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "products_search_insert" AFTER INSERT ON "products" FOR EACH ROW EXECUTE FUNCTION put_product_words();
--> statement-breakpoint
CREATE TRIGGER "products_search_update" AFTER UPDATE ON "products" FOR EACH ROW
WHEN (NEW.name <> OLD.name OR NEW.description <> OLD.description) EXECUTE FUNCTION put_product_words();
--> statement-breakpoint
CREATE TRIGGER "products_search_delete" AFTER DELETE ON "products" FOR EACH ROW EXECUTE FUNCTION drop_product_words();
--> statement-breakpoint
CREATE TRIGGER "products_search_truncate" AFTER TRUNCATE ON "products" FOR EACH STATEMENT EXECUTE FUNCTION drop_all_words();
--> statement-breakpoint
INSERT INTO "product_search" SELECT tenant_id, sku, product_words(name, description) FROM "products";
--> statement-breakpoint
CREATE INDEX "product_search_by_words" ON "product_search" USING gin ("words") WITH (fastupdate = off);
