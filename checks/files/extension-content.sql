-- ---
-- id = "files.extension-content"
-- subject = "file"
-- indicator = "file-validity"
-- effect = "measure"
-- severity = "error"
-- [ko]
-- title = "확장자와 다른 파일 내용"
-- message = "확장자는 '.{extension}'이지만 내용은 {format} 형식입니다"
-- why = "확장자를 믿고 여는 프로그램이 오류를 내거나 잘못 읽습니다. 이름만 바꾼 파일이라 약속한 형식의 데이터가 아니며, 압축 방식이 달라 화질도 다를 수 있습니다"
-- fix = "약속한 형식으로 원본에서 다시 변환해 저장하십시오. 내용의 형식이 맞다면 확장자를 고치고, 라벨에 적힌 파일 이름도 함께 고치십시오"
-- needs = "원천데이터의 머리 부분을 읽도록 --media headers로 검사하십시오"
-- [en]
-- title = "Content that is not what the extension says"
-- message = "it is called '.{extension}' but its content is {format}"
-- why = "programs that trust the extension fail or misread it; a file that was only renamed is not of the agreed format, and its compression and quality may differ"
-- fix = "convert it again from the original into the agreed format. If the content is right, correct the extension, and the file name inside the label too"
-- needs = "have the headers of the source data read with --media headers"
-- ---
-- Formats as the header reader names them. A format or an extension that is not listed is not judged. Files
-- that do not open are other checks'.
WITH known (extension, format) AS (
    VALUES ('jpg', 'JPEG'), ('jpeg', 'JPEG'), ('jpe', 'JPEG'), ('jfif', 'JPEG'), ('png', 'PNG'), ('apng', 'PNG'),
        ('bmp', 'BMP'), ('bmp', 'DIB'), ('dib', 'DIB'), ('dib', 'BMP'), ('gif', 'GIF'), ('tif', 'TIFF'), ('tiff', 'TIFF'),
        ('webp', 'WEBP'), ('avif', 'AVIF'), ('jp2', 'JPEG2000'), ('j2k', 'JPEG2000'), ('jpx', 'JPEG2000'), ('tga', 'TGA'),
        ('ico', 'ICO'), ('ppm', 'PPM'), ('pgm', 'PPM'), ('pbm', 'PPM'), ('pnm', 'PPM'), ('psd', 'PSD')
),
formats AS (SELECT DISTINCT format FROM known)
SELECT f.file, CASE WHEN m.status = 'ok' AND o.format IS NOT NULL THEN k.format IS NULL END AS wrong, f.extension, m.format
FROM files f SEMI JOIN known USING (extension)
LEFT JOIN media m ON m.file = f.file
LEFT JOIN formats o ON o.format = m.format
LEFT JOIN known k ON k.extension = f.extension AND k.format = m.format
WHERE f.kind = 'source' AND f.status = 'ok' AND f.size > 0 AND m.status IS DISTINCT FROM 'unreadable'
