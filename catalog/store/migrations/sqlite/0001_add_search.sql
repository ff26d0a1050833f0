CREATE INDEX `products_on_sale_by_category` ON `products` (`tenant_id`,`category`,`sku`) WHERE not withdrawn;
--> statement-breakpoint
-- The words of every product, kept by the triggers below. `tenant` and `product` are one token each: a row has no other
-- name that the index could find. ʼ is a letter to Unicode and an apostrophe to Ukrainian.
CREATE VIRTUAL TABLE `product_search` USING fts5(
	tenant, product, sku UNINDEXED, name, description,
	tokenize = "unicode61 remove_diacritics 0 separators 'ʼ'", prefix = '2 3'
);
--> statement-breakpoint
CREATE TRIGGER `products_search_insert` AFTER INSERT ON `products` BEGIN
	INSERT INTO `product_search` (tenant, product, sku, name, description) VALUES (
		't' || hex(new.tenant_id), 'p' || hex(new.tenant_id) || 'x' || new.sku, new.sku,
		replace(replace(new.name, 'ё', 'е'), 'Ё', 'Е'), replace(replace(new.description, 'ё', 'е'), 'Ё', 'Е')
	);
END;
--> statement-breakpoint
CREATE TRIGGER `products_search_update` AFTER UPDATE ON `products`
WHEN new.name <> old.name OR new.description <> old.description BEGIN
	UPDATE `product_search` SET
		name = replace(replace(new.name, 'ё', 'е'), 'Ё', 'Е'),
		description = replace(replace(new.description, 'ё', 'е'), 'Ё', 'Е')
	WHERE rowid IN (
		SELECT rowid FROM `product_search`
		WHERE `product_search` MATCH 'product : p' || hex(old.tenant_id) || 'x' || old.sku
	);
END;
--> statement-breakpoint
CREATE TRIGGER `products_search_delete` AFTER DELETE ON `products` BEGIN
	DELETE FROM `product_search` WHERE rowid IN (
		SELECT rowid FROM `product_search`
		WHERE `product_search` MATCH 'product : p' || hex(old.tenant_id) || 'x' || old.sku
	);
END;
--> statement-breakpoint
INSERT INTO `product_search` (tenant, product, sku, name, description)
SELECT
	't' || hex(tenant_id), 'p' || hex(tenant_id) || 'x' || sku, sku,
	replace(replace(name, 'ё', 'е'), 'Ё', 'Е'), replace(replace(description, 'ё', 'е'), 'Ё', 'Е')
FROM `products`;
