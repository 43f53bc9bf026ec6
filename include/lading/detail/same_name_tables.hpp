// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Tables of Unicode 14.0.0 for `same_name_key`; written by tests/unicode/generate.py.

#include <array>
#include <cstdint>
#include <string_view>

namespace lading::detail {

// clang-format off

/// Letters that a mark is composed with: a base, what the two make, the next base...
struct composed_letters {
    char32_t mark;
    std::u16string_view pairs;
};
inline constexpr std::array composed_by_mark{
    composed_letters{0x0300, u"A\u00C0E\u00C8I\u00CCO\u00D2U\u00D9a\u00E0e\u00E8i\u00ECo\u00F2u\u00F9\u00DC\u01DB\u00FC\u01DCN\u01F8n\u01F9\u0415\u0400\u0418\u040D"
        u"\u0435\u0450\u0438\u045D\u0112\u1E14\u0113\u1E15\u014C\u1E50\u014D\u1E51W\u1E80w\u1E81\u00C2\u1EA6\u00E2\u1EA7\u0102\u1EB0\u0103\u1EB1"
        u"\u00CA\u1EC0\u00EA\u1EC1\u00D4\u1ED2\u00F4\u1ED3\u01A0\u1EDC\u01A1\u1EDD\u01AF\u1EEA\u01B0\u1EEBY\u1EF2y\u1EF3\u1F00\u1F02\u1F01\u1F03"
        u"\u1F08\u1F0A\u1F09\u1F0B\u1F10\u1F12\u1F11\u1F13\u1F18\u1F1A\u1F19\u1F1B\u1F20\u1F22\u1F21\u1F23\u1F28\u1F2A\u1F29\u1F2B\u1F30\u1F32"
        u"\u1F31\u1F33\u1F38\u1F3A\u1F39\u1F3B\u1F40\u1F42\u1F41\u1F43\u1F48\u1F4A\u1F49\u1F4B\u1F50\u1F52\u1F51\u1F53\u1F59\u1F5B\u1F60\u1F62"
        u"\u1F61\u1F63\u1F68\u1F6A\u1F69\u1F6B\u03B1\u1F70\u03B5\u1F72\u03B7\u1F74\u03B9\u1F76\u03BF\u1F78\u03C5\u1F7A\u03C9\u1F7C\u0391\u1FBA"
        u"\u0395\u1FC8\u0397\u1FCA\u1FBF\u1FCD\u03CA\u1FD2\u0399\u1FDA\u1FFE\u1FDD\u03CB\u1FE2\u03A5\u1FEA\u00A8\u1FED\u039F\u1FF8\u03A9\u1FFA"},
    composed_letters{0x0301, u"A\u00C1E\u00C9I\u00CDO\u00D3U\u00DAY\u00DDa\u00E1e\u00E9i\u00EDo\u00F3u\u00FAy\u00FDC\u0106c\u0107L\u0139l\u013AN\u0143n\u0144R\u0154r\u0155"
        u"S\u015As\u015BZ\u0179z\u017A\u00DC\u01D7\u00FC\u01D8G\u01F4g\u01F5\u00C5\u01FA\u00E5\u01FB\u00C6\u01FC\u00E6\u01FD\u00D8\u01FE\u00F8\u01FF"
        u"\u0308\u0344\u00A8\u0385\u0391\u0386\u0395\u0388\u0397\u0389\u0399\u038A\u039F\u038C\u03A5\u038E\u03A9\u038F\u03CA\u0390\u03B1\u03AC"
        u"\u03B5\u03AD\u03B7\u03AE\u03B9\u03AF\u03CB\u03B0\u03BF\u03CC\u03C5\u03CD\u03C9\u03CE\u03D2\u03D3\u0413\u0403\u041A\u040C\u0433\u0453"
        u"\u043A\u045C\u00C7\u1E08\u00E7\u1E09\u0112\u1E16\u0113\u1E17\u00CF\u1E2E\u00EF\u1E2FK\u1E30k\u1E31M\u1E3Em\u1E3F\u00D5\u1E4C\u00F5\u1E4D"
        u"\u014C\u1E52\u014D\u1E53P\u1E54p\u1E55\u0168\u1E78\u0169\u1E79W\u1E82w\u1E83\u00C2\u1EA4\u00E2\u1EA5\u0102\u1EAE\u0103\u1EAF\u00CA\u1EBE"
        u"\u00EA\u1EBF\u00D4\u1ED0\u00F4\u1ED1\u01A0\u1EDA\u01A1\u1EDB\u01AF\u1EE8\u01B0\u1EE9\u1F00\u1F04\u1F01\u1F05\u1F08\u1F0C\u1F09\u1F0D"
        u"\u1F10\u1F14\u1F11\u1F15\u1F18\u1F1C\u1F19\u1F1D\u1F20\u1F24\u1F21\u1F25\u1F28\u1F2C\u1F29\u1F2D\u1F30\u1F34\u1F31\u1F35\u1F38\u1F3C"
        u"\u1F39\u1F3D\u1F40\u1F44\u1F41\u1F45\u1F48\u1F4C\u1F49\u1F4D\u1F50\u1F54\u1F51\u1F55\u1F59\u1F5D\u1F60\u1F64\u1F61\u1F65\u1F68\u1F6C"
        u"\u1F69\u1F6D\u1FBF\u1FCE\u1FFE\u1FDE"},
    composed_letters{0x0302, u"A\u00C2E\u00CAI\u00CEO\u00D4U\u00DBa\u00E2e\u00EAi\u00EEo\u00F4u\u00FBC\u0108c\u0109G\u011Cg\u011DH\u0124h\u0125J\u0134j\u0135S\u015Cs\u015D"
        u"W\u0174w\u0175Y\u0176y\u0177Z\u1E90z\u1E91\u1EA0\u1EAC\u1EA1\u1EAD\u1EB8\u1EC6\u1EB9\u1EC7\u1ECC\u1ED8\u1ECD\u1ED9"},
    composed_letters{0x0303, u"A\u00C3N\u00D1O\u00D5a\u00E3n\u00F1o\u00F5I\u0128i\u0129U\u0168u\u0169V\u1E7Cv\u1E7D\u00C2\u1EAA\u00E2\u1EAB\u0102\u1EB4\u0103\u1EB5E\u1EBC"
        u"e\u1EBD\u00CA\u1EC4\u00EA\u1EC5\u00D4\u1ED6\u00F4\u1ED7\u01A0\u1EE0\u01A1\u1EE1\u01AF\u1EEE\u01B0\u1EEFY\u1EF8y\u1EF9"},
    composed_letters{0x0304, u"A\u0100a\u0101E\u0112e\u0113I\u012Ai\u012BO\u014Co\u014DU\u016Au\u016B\u00DC\u01D5\u00FC\u01D6\u00C4\u01DE\u00E4\u01DF\u0226\u01E0"
        u"\u0227\u01E1\u00C6\u01E2\u00E6\u01E3\u01EA\u01EC\u01EB\u01ED\u00D6\u022A\u00F6\u022B\u00D5\u022C\u00F5\u022D\u022E\u0230\u022F\u0231Y\u0232"
        u"y\u0233\u0418\u04E2\u0438\u04E3\u0423\u04EE\u0443\u04EFG\u1E20g\u1E21\u1E36\u1E38\u1E37\u1E39\u1E5A\u1E5C\u1E5B\u1E5D\u03B1\u1FB1"
        u"\u0391\u1FB9\u03B9\u1FD1\u0399\u1FD9\u03C5\u1FE1\u03A5\u1FE9"},
    composed_letters{0x0306, u"A\u0102a\u0103E\u0114e\u0115G\u011Eg\u011FI\u012Ci\u012DO\u014Eo\u014FU\u016Cu\u016D\u0423\u040E\u0418\u0419\u0438\u0439\u0443\u045E"
        u"\u0416\u04C1\u0436\u04C2\u0410\u04D0\u0430\u04D1\u0415\u04D6\u0435\u04D7\u0228\u1E1C\u0229\u1E1D\u1EA0\u1EB6\u1EA1\u1EB7\u03B1\u1FB0"
        u"\u0391\u1FB8\u03B9\u1FD0\u0399\u1FD8\u03C5\u1FE0\u03A5\u1FE8"},
    composed_letters{0x0307, u"C\u010Ac\u010BE\u0116e\u0117G\u0120g\u0121I\u0130Z\u017Bz\u017CA\u0226a\u0227O\u022Eo\u022FB\u1E02b\u1E03D\u1E0Ad\u1E0BF\u1E1Ef\u1E1FH\u1E22"
        u"h\u1E23M\u1E40m\u1E41N\u1E44n\u1E45P\u1E56p\u1E57R\u1E58r\u1E59S\u1E60s\u1E61\u015A\u1E64\u015B\u1E65\u0160\u1E66\u0161\u1E67\u1E62\u1E68"
        u"\u1E63\u1E69T\u1E6At\u1E6BW\u1E86w\u1E87X\u1E8Ax\u1E8BY\u1E8Ey\u1E8F\u017F\u1E9B"},
    composed_letters{0x0308, u"A\u00C4E\u00CBI\u00CFO\u00D6U\u00DCa\u00E4e\u00EBi\u00EFo\u00F6u\u00FCy\u00FFY\u0178\u0399\u03AA\u03A5\u03AB\u03B9\u03CA\u03C5\u03CB"
        u"\u03D2\u03D4\u0415\u0401\u0406\u0407\u0435\u0451\u0456\u0457\u0410\u04D2\u0430\u04D3\u04D8\u04DA\u04D9\u04DB\u0416\u04DC\u0436\u04DD"
        u"\u0417\u04DE\u0437\u04DF\u0418\u04E4\u0438\u04E5\u041E\u04E6\u043E\u04E7\u04E8\u04EA\u04E9\u04EB\u042D\u04EC\u044D\u04ED\u0423\u04F0"
        u"\u0443\u04F1\u0427\u04F4\u0447\u04F5\u042B\u04F8\u044B\u04F9H\u1E26h\u1E27\u00D5\u1E4E\u00F5\u1E4F\u016A\u1E7A\u016B\u1E7BW\u1E84w\u1E85"
        u"X\u1E8Cx\u1E8Dt\u1E97"},
    composed_letters{0x0309, u"A\u1EA2a\u1EA3\u00C2\u1EA8\u00E2\u1EA9\u0102\u1EB2\u0103\u1EB3E\u1EBAe\u1EBB\u00CA\u1EC2\u00EA\u1EC3I\u1EC8i\u1EC9O\u1ECEo\u1ECF\u00D4\u1ED4"
        u"\u00F4\u1ED5\u01A0\u1EDE\u01A1\u1EDFU\u1EE6u\u1EE7\u01AF\u1EEC\u01B0\u1EEDY\u1EF6y\u1EF7"},
    composed_letters{0x030A, u"A\u00C5a\u00E5U\u016Eu\u016Fw\u1E98y\u1E99"},
    composed_letters{0x030B, u"O\u0150o\u0151U\u0170u\u0171\u0423\u04F2\u0443\u04F3"},
    composed_letters{0x030C, u"C\u010Cc\u010DD\u010Ed\u010FE\u011Ae\u011BL\u013Dl\u013EN\u0147n\u0148R\u0158r\u0159S\u0160s\u0161T\u0164t\u0165Z\u017Dz\u017EA\u01CDa\u01CE"
        u"I\u01CFi\u01D0O\u01D1o\u01D2U\u01D3u\u01D4\u00DC\u01D9\u00FC\u01DAG\u01E6g\u01E7K\u01E8k\u01E9\u01B7\u01EE\u0292\u01EFj\u01F0H\u021Eh\u021F"},
    composed_letters{0x030F, u"A\u0200a\u0201E\u0204e\u0205I\u0208i\u0209O\u020Co\u020DR\u0210r\u0211U\u0214u\u0215\u0474\u0476\u0475\u0477"},
    composed_letters{0x0311, u"A\u0202a\u0203E\u0206e\u0207I\u020Ai\u020BO\u020Eo\u020FR\u0212r\u0213U\u0216u\u0217"},
    composed_letters{0x0313, u"\u03B1\u1F00\u0391\u1F08\u03B5\u1F10\u0395\u1F18\u03B7\u1F20\u0397\u1F28\u03B9\u1F30\u0399\u1F38\u03BF\u1F40\u039F\u1F48\u03C5\u1F50"
        u"\u03C9\u1F60\u03A9\u1F68\u03C1\u1FE4"},
    composed_letters{0x0314, u"\u03B1\u1F01\u0391\u1F09\u03B5\u1F11\u0395\u1F19\u03B7\u1F21\u0397\u1F29\u03B9\u1F31\u0399\u1F39\u03BF\u1F41\u039F\u1F49\u03C5\u1F51"
        u"\u03A5\u1F59\u03C9\u1F61\u03A9\u1F69\u03C1\u1FE5\u03A1\u1FEC"},
    composed_letters{0x031B, u"O\u01A0o\u01A1U\u01AFu\u01B0"},
    composed_letters{0x0323, u"B\u1E04b\u1E05D\u1E0Cd\u1E0DH\u1E24h\u1E25K\u1E32k\u1E33L\u1E36l\u1E37M\u1E42m\u1E43N\u1E46n\u1E47R\u1E5Ar\u1E5BS\u1E62s\u1E63T\u1E6Ct\u1E6D"
        u"V\u1E7Ev\u1E7FW\u1E88w\u1E89Z\u1E92z\u1E93A\u1EA0a\u1EA1E\u1EB8e\u1EB9I\u1ECAi\u1ECBO\u1ECCo\u1ECD\u01A0\u1EE2\u01A1\u1EE3U\u1EE4u\u1EE5"
        u"\u01AF\u1EF0\u01B0\u1EF1Y\u1EF4y\u1EF5"},
    composed_letters{0x0324, u"U\u1E72u\u1E73"},
    composed_letters{0x0325, u"A\u1E00a\u1E01"},
    composed_letters{0x0326, u"S\u0218s\u0219T\u021At\u021B"},
    composed_letters{0x0327, u"C\u00C7c\u00E7G\u0122g\u0123K\u0136k\u0137L\u013Bl\u013CN\u0145n\u0146R\u0156r\u0157S\u015Es\u015FT\u0162t\u0163E\u0228e\u0229D\u1E10d\u1E11"
        u"H\u1E28h\u1E29"},
    composed_letters{0x0328, u"A\u0104a\u0105E\u0118e\u0119I\u012Ei\u012FU\u0172u\u0173O\u01EAo\u01EB"},
    composed_letters{0x032D, u"D\u1E12d\u1E13E\u1E18e\u1E19L\u1E3Cl\u1E3DN\u1E4An\u1E4BT\u1E70t\u1E71U\u1E76u\u1E77"},
    composed_letters{0x032E, u"H\u1E2Ah\u1E2B"},
    composed_letters{0x0330, u"E\u1E1Ae\u1E1BI\u1E2Ci\u1E2DU\u1E74u\u1E75"},
    composed_letters{0x0331, u"B\u1E06b\u1E07D\u1E0Ed\u1E0FK\u1E34k\u1E35L\u1E3Al\u1E3BN\u1E48n\u1E49R\u1E5Er\u1E5FT\u1E6Et\u1E6FZ\u1E94z\u1E95h\u1E96"},
    composed_letters{0x0338, u"\u2190\u219A\u2192\u219B\u2194\u21AE\u21D0\u21CD\u21D4\u21CE\u21D2\u21CF\u2203\u2204\u2208\u2209\u220B\u220C\u2223\u2224\u2225\u2226"
        u"\u223C\u2241\u2243\u2244\u2245\u2247\u2248\u2249\u003D\u2260\u2261\u2262\u224D\u226D\u003C\u226E\u003E\u226F\u2264\u2270\u2265\u2271"
        u"\u2272\u2274\u2273\u2275\u2276\u2278\u2277\u2279\u227A\u2280\u227B\u2281\u2282\u2284\u2283\u2285\u2286\u2288\u2287\u2289\u22A2\u22AC"
        u"\u22A8\u22AD\u22A9\u22AE\u22AB\u22AF\u227C\u22E0\u227D\u22E1\u2291\u22E2\u2292\u22E3\u22B2\u22EA\u22B3\u22EB\u22B4\u22EC\u22B5\u22ED"
        u"\u2ADD\u2ADC"},
    composed_letters{0x0342, u"\u1F00\u1F06\u1F01\u1F07\u1F08\u1F0E\u1F09\u1F0F\u1F20\u1F26\u1F21\u1F27\u1F28\u1F2E\u1F29\u1F2F\u1F30\u1F36\u1F31\u1F37\u1F38\u1F3E"
        u"\u1F39\u1F3F\u1F50\u1F56\u1F51\u1F57\u1F59\u1F5F\u1F60\u1F66\u1F61\u1F67\u1F68\u1F6E\u1F69\u1F6F\u03B1\u1FB6\u00A8\u1FC1\u03B7\u1FC6"
        u"\u1FBF\u1FCF\u03B9\u1FD6\u03CA\u1FD7\u1FFE\u1FDF\u03C5\u1FE6\u03CB\u1FE7\u03C9\u1FF6"},
    composed_letters{0x0345, u"\u1F00\u1F80\u1F01\u1F81\u1F02\u1F82\u1F03\u1F83\u1F04\u1F84\u1F05\u1F85\u1F06\u1F86\u1F07\u1F87\u1F08\u1F88\u1F09\u1F89\u1F0A\u1F8A"
        u"\u1F0B\u1F8B\u1F0C\u1F8C\u1F0D\u1F8D\u1F0E\u1F8E\u1F0F\u1F8F\u1F20\u1F90\u1F21\u1F91\u1F22\u1F92\u1F23\u1F93\u1F24\u1F94\u1F25\u1F95"
        u"\u1F26\u1F96\u1F27\u1F97\u1F28\u1F98\u1F29\u1F99\u1F2A\u1F9A\u1F2B\u1F9B\u1F2C\u1F9C\u1F2D\u1F9D\u1F2E\u1F9E\u1F2F\u1F9F\u1F60\u1FA0"
        u"\u1F61\u1FA1\u1F62\u1FA2\u1F63\u1FA3\u1F64\u1FA4\u1F65\u1FA5\u1F66\u1FA6\u1F67\u1FA7\u1F68\u1FA8\u1F69\u1FA9\u1F6A\u1FAA\u1F6B\u1FAB"
        u"\u1F6C\u1FAC\u1F6D\u1FAD\u1F6E\u1FAE\u1F6F\u1FAF\u1F70\u1FB2\u03B1\u1FB3\u03AC\u1FB4\u1FB6\u1FB7\u0391\u1FBC\u1F74\u1FC2\u03B7\u1FC3"
        u"\u03AE\u1FC4\u1FC6\u1FC7\u0397\u1FCC\u1F7C\u1FF2\u03C9\u1FF3\u03CE\u1FF4\u1FF6\u1FF7\u03A9\u1FFC"},
    composed_letters{0x0653, u"\u0627\u0622"},
    composed_letters{0x0654, u"\u0627\u0623\u0648\u0624\u064A\u0626\u06D5\u06C0\u06C1\u06C2\u06D2\u06D3"},
    composed_letters{0x0655, u"\u0627\u0625"},
    composed_letters{0x093C, u"\u0928\u0929\u0930\u0931\u0933\u0934\u0915\u0958\u0916\u0959\u0917\u095A\u091C\u095B\u0921\u095C\u0922\u095D\u092B\u095E\u092F\u095F"},
    composed_letters{0x09BC, u"\u09A1\u09DC\u09A2\u09DD\u09AF\u09DF"},
    composed_letters{0x09BE, u"\u09C7\u09CB"},
    composed_letters{0x09D7, u"\u09C7\u09CC"},
    composed_letters{0x0A3C, u"\u0A32\u0A33\u0A38\u0A36\u0A16\u0A59\u0A17\u0A5A\u0A1C\u0A5B\u0A2B\u0A5E"},
    composed_letters{0x0B3C, u"\u0B21\u0B5C\u0B22\u0B5D"},
    composed_letters{0x0B3E, u"\u0B47\u0B4B"},
    composed_letters{0x0B56, u"\u0B47\u0B48"},
    composed_letters{0x0B57, u"\u0B47\u0B4C"},
    composed_letters{0x0BBE, u"\u0BC6\u0BCA\u0BC7\u0BCB"},
    composed_letters{0x0BD7, u"\u0B92\u0B94\u0BC6\u0BCC"},
    composed_letters{0x0C56, u"\u0C46\u0C48"},
    composed_letters{0x0CC2, u"\u0CC6\u0CCA"},
    composed_letters{0x0CD5, u"\u0CBF\u0CC0\u0CC6\u0CC7\u0CCA\u0CCB"},
    composed_letters{0x0CD6, u"\u0CC6\u0CC8"},
    composed_letters{0x0D3E, u"\u0D46\u0D4A\u0D47\u0D4B"},
    composed_letters{0x0D57, u"\u0D46\u0D4C"},
    composed_letters{0x0DCA, u"\u0DD9\u0DDA\u0DDC\u0DDD"},
    composed_letters{0x0DCF, u"\u0DD9\u0DDC"},
    composed_letters{0x0DDF, u"\u0DD9\u0DDE"},
    composed_letters{0x0F72, u"\u0F71\u0F73"},
    composed_letters{0x0F74, u"\u0F71\u0F75"},
    composed_letters{0x0F80, u"\u0FB2\u0F76\u0FB3\u0F78\u0F71\u0F81"},
    composed_letters{0x0FB5, u"\u0F40\u0F69\u0F90\u0FB9"},
    composed_letters{0x0FB7, u"\u0F42\u0F43\u0F4C\u0F4D\u0F51\u0F52\u0F56\u0F57\u0F5B\u0F5C\u0F92\u0F93\u0F9C\u0F9D\u0FA1\u0FA2\u0FA6\u0FA7\u0FAB\u0FAC"},
    composed_letters{0x102E, u"\u1025\u1026"},
    composed_letters{0x1B35, u"\u1B05\u1B06\u1B07\u1B08\u1B09\u1B0A\u1B0B\u1B0C\u1B0D\u1B0E\u1B11\u1B12\u1B3A\u1B3B\u1B3C\u1B3D\u1B3E\u1B40\u1B3F\u1B41\u1B42\u1B43"},
    composed_letters{0x3099, u"\u304B\u304C\u304D\u304E\u304F\u3050\u3051\u3052\u3053\u3054\u3055\u3056\u3057\u3058\u3059\u305A\u305B\u305C\u305D\u305E\u305F\u3060"
        u"\u3061\u3062\u3064\u3065\u3066\u3067\u3068\u3069\u306F\u3070\u3072\u3073\u3075\u3076\u3078\u3079\u307B\u307C\u3046\u3094\u309D\u309E"
        u"\u30AB\u30AC\u30AD\u30AE\u30AF\u30B0\u30B1\u30B2\u30B3\u30B4\u30B5\u30B6\u30B7\u30B8\u30B9\u30BA\u30BB\u30BC\u30BD\u30BE\u30BF\u30C0"
        u"\u30C1\u30C2\u30C4\u30C5\u30C6\u30C7\u30C8\u30C9\u30CF\u30D0\u30D2\u30D3\u30D5\u30D6\u30D8\u30D9\u30DB\u30DC\u30A6\u30F4\u30EF\u30F7"
        u"\u30F0\u30F8\u30F1\u30F9\u30F2\u30FA\u30FD\u30FE"},
    composed_letters{0x309A, u"\u306F\u3071\u3072\u3074\u3075\u3077\u3078\u307A\u307B\u307D\u30CF\u30D1\u30D2\u30D4\u30D5\u30D7\u30D8\u30DA\u30DB\u30DD"},
};
/// Letters that are another: that, then the letter.
inline constexpr std::u16string_view other_names_of_letters =
    u"\u0300\u0340\u0301\u0341\u0313\u0343\u02B9\u0374\u003B\u037E\u00B7\u0387\u03AC\u1F71\u03AD\u1F73\u03AE\u1F75\u03AF\u1F77\u03CC\u1F79"
    u"\u03CD\u1F7B\u03CE\u1F7D\u0386\u1FBB\u03B9\u1FBE\u0388\u1FC9\u0389\u1FCB\u0390\u1FD3\u038A\u1FDB\u03B0\u1FE3\u038E\u1FEB\u0385\u1FEE"
    u"\u0060\u1FEF\u038C\u1FF9\u038F\u1FFB\u00B4\u1FFD\u2002\u2000\u2003\u2001\u03A9\u2126K\u212A\u00C5\u212B\u3008\u2329\u3009\u232A";

/// Every `step`th letter from `first` to `last` is, its case ignored, the one at this distance.
struct folded_letters {
    std::uint32_t first, last;
    std::int32_t step, distance;
};
inline constexpr std::array letters_by_case{
    folded_letters{0x41,0x5A,1,32},folded_letters{0xB5,0xB5,1,775},folded_letters{0xC0,0xD6,1,32},folded_letters{0xD8,0xDE,1,32},
    folded_letters{0x100,0x12E,2,1},folded_letters{0x132,0x136,2,1},folded_letters{0x139,0x147,2,1},folded_letters{0x14A,0x176,2,1},
    folded_letters{0x178,0x178,1,-121},folded_letters{0x179,0x17D,2,1},folded_letters{0x17F,0x17F,1,-268},folded_letters{0x181,0x181,1,210},
    folded_letters{0x182,0x184,2,1},folded_letters{0x186,0x186,1,206},folded_letters{0x187,0x187,1,1},folded_letters{0x189,0x18A,1,205},
    folded_letters{0x18B,0x18B,1,1},folded_letters{0x18E,0x18E,1,79},folded_letters{0x18F,0x18F,1,202},folded_letters{0x190,0x190,1,203},
    folded_letters{0x191,0x191,1,1},folded_letters{0x193,0x193,1,205},folded_letters{0x194,0x194,1,207},folded_letters{0x196,0x196,1,211},
    folded_letters{0x197,0x197,1,209},folded_letters{0x198,0x198,1,1},folded_letters{0x19C,0x19C,1,211},folded_letters{0x19D,0x19D,1,213},
    folded_letters{0x19F,0x19F,1,214},folded_letters{0x1A0,0x1A4,2,1},folded_letters{0x1A6,0x1A6,1,218},folded_letters{0x1A7,0x1A7,1,1},
    folded_letters{0x1A9,0x1A9,1,218},folded_letters{0x1AC,0x1AC,1,1},folded_letters{0x1AE,0x1AE,1,218},folded_letters{0x1AF,0x1AF,1,1},
    folded_letters{0x1B1,0x1B2,1,217},folded_letters{0x1B3,0x1B5,2,1},folded_letters{0x1B7,0x1B7,1,219},folded_letters{0x1B8,0x1B8,1,1},
    folded_letters{0x1BC,0x1BC,1,1},folded_letters{0x1C4,0x1C4,1,2},folded_letters{0x1C5,0x1C5,1,1},folded_letters{0x1C7,0x1C7,1,2},
    folded_letters{0x1C8,0x1C8,1,1},folded_letters{0x1CA,0x1CA,1,2},folded_letters{0x1CB,0x1DB,2,1},folded_letters{0x1DE,0x1EE,2,1},
    folded_letters{0x1F1,0x1F1,1,2},folded_letters{0x1F2,0x1F4,2,1},folded_letters{0x1F6,0x1F6,1,-97},folded_letters{0x1F7,0x1F7,1,-56},
    folded_letters{0x1F8,0x21E,2,1},folded_letters{0x220,0x220,1,-130},folded_letters{0x222,0x232,2,1},folded_letters{0x23A,0x23A,1,10795},
    folded_letters{0x23B,0x23B,1,1},folded_letters{0x23D,0x23D,1,-163},folded_letters{0x23E,0x23E,1,10792},folded_letters{0x241,0x241,1,1},
    folded_letters{0x243,0x243,1,-195},folded_letters{0x244,0x244,1,69},folded_letters{0x245,0x245,1,71},folded_letters{0x246,0x24E,2,1},
    folded_letters{0x345,0x345,1,116},folded_letters{0x370,0x372,2,1},folded_letters{0x376,0x376,1,1},folded_letters{0x37F,0x37F,1,116},
    folded_letters{0x386,0x386,1,38},folded_letters{0x388,0x38A,1,37},folded_letters{0x38C,0x38C,1,64},folded_letters{0x38E,0x38F,1,63},
    folded_letters{0x391,0x3A1,1,32},folded_letters{0x3A3,0x3AB,1,32},folded_letters{0x3C2,0x3C2,1,1},folded_letters{0x3CF,0x3CF,1,8},
    folded_letters{0x3D0,0x3D0,1,-30},folded_letters{0x3D1,0x3D1,1,-25},folded_letters{0x3D5,0x3D5,1,-15},folded_letters{0x3D6,0x3D6,1,-22},
    folded_letters{0x3D8,0x3EE,2,1},folded_letters{0x3F0,0x3F0,1,-54},folded_letters{0x3F1,0x3F1,1,-48},folded_letters{0x3F4,0x3F4,1,-60},
    folded_letters{0x3F5,0x3F5,1,-64},folded_letters{0x3F7,0x3F7,1,1},folded_letters{0x3F9,0x3F9,1,-7},folded_letters{0x3FA,0x3FA,1,1},
    folded_letters{0x3FD,0x3FF,1,-130},folded_letters{0x400,0x40F,1,80},folded_letters{0x410,0x42F,1,32},folded_letters{0x460,0x480,2,1},
    folded_letters{0x48A,0x4BE,2,1},folded_letters{0x4C0,0x4C0,1,15},folded_letters{0x4C1,0x4CD,2,1},folded_letters{0x4D0,0x52E,2,1},
    folded_letters{0x531,0x556,1,48},folded_letters{0x10A0,0x10C5,1,7264},folded_letters{0x10C7,0x10C7,1,7264},
    folded_letters{0x10CD,0x10CD,1,7264},folded_letters{0x13F8,0x13FD,1,-8},folded_letters{0x1C80,0x1C80,1,-6222},
    folded_letters{0x1C81,0x1C81,1,-6221},folded_letters{0x1C82,0x1C82,1,-6212},folded_letters{0x1C83,0x1C84,1,-6210},
    folded_letters{0x1C85,0x1C85,1,-6211},folded_letters{0x1C86,0x1C86,1,-6204},folded_letters{0x1C87,0x1C87,1,-6180},
    folded_letters{0x1C88,0x1C88,1,35267},folded_letters{0x1C90,0x1CBA,1,-3008},folded_letters{0x1CBD,0x1CBF,1,-3008},
    folded_letters{0x1E00,0x1E94,2,1},folded_letters{0x1E9B,0x1E9B,1,-58},folded_letters{0x1EA0,0x1EFE,2,1},folded_letters{0x1F08,0x1F0F,1,-8},
    folded_letters{0x1F18,0x1F1D,1,-8},folded_letters{0x1F28,0x1F2F,1,-8},folded_letters{0x1F38,0x1F3F,1,-8},folded_letters{0x1F48,0x1F4D,1,-8},
    folded_letters{0x1F59,0x1F5F,2,-8},folded_letters{0x1F68,0x1F6F,1,-8},folded_letters{0x1FB8,0x1FB9,1,-8},
    folded_letters{0x1FBA,0x1FBB,1,-74},folded_letters{0x1FBE,0x1FBE,1,-7173},folded_letters{0x1FC8,0x1FCB,1,-86},
    folded_letters{0x1FD8,0x1FD9,1,-8},folded_letters{0x1FDA,0x1FDB,1,-100},folded_letters{0x1FE8,0x1FE9,1,-8},
    folded_letters{0x1FEA,0x1FEB,1,-112},folded_letters{0x1FEC,0x1FEC,1,-7},folded_letters{0x1FF8,0x1FF9,1,-128},
    folded_letters{0x1FFA,0x1FFB,1,-126},folded_letters{0x2126,0x2126,1,-7517},folded_letters{0x212A,0x212A,1,-8383},
    folded_letters{0x212B,0x212B,1,-8262},folded_letters{0x2132,0x2132,1,28},folded_letters{0x2160,0x216F,1,16},
    folded_letters{0x2183,0x2183,1,1},folded_letters{0x24B6,0x24CF,1,26},folded_letters{0x2C00,0x2C2F,1,48},folded_letters{0x2C60,0x2C60,1,1},
    folded_letters{0x2C62,0x2C62,1,-10743},folded_letters{0x2C63,0x2C63,1,-3814},folded_letters{0x2C64,0x2C64,1,-10727},
    folded_letters{0x2C67,0x2C6B,2,1},folded_letters{0x2C6D,0x2C6D,1,-10780},folded_letters{0x2C6E,0x2C6E,1,-10749},
    folded_letters{0x2C6F,0x2C6F,1,-10783},folded_letters{0x2C70,0x2C70,1,-10782},folded_letters{0x2C72,0x2C72,1,1},
    folded_letters{0x2C75,0x2C75,1,1},folded_letters{0x2C7E,0x2C7F,1,-10815},folded_letters{0x2C80,0x2CE2,2,1},
    folded_letters{0x2CEB,0x2CED,2,1},folded_letters{0x2CF2,0x2CF2,1,1},folded_letters{0xA640,0xA66C,2,1},folded_letters{0xA680,0xA69A,2,1},
    folded_letters{0xA722,0xA72E,2,1},folded_letters{0xA732,0xA76E,2,1},folded_letters{0xA779,0xA77B,2,1},
    folded_letters{0xA77D,0xA77D,1,-35332},folded_letters{0xA77E,0xA786,2,1},folded_letters{0xA78B,0xA78B,1,1},
    folded_letters{0xA78D,0xA78D,1,-42280},folded_letters{0xA790,0xA792,2,1},folded_letters{0xA796,0xA7A8,2,1},
    folded_letters{0xA7AA,0xA7AA,1,-42308},folded_letters{0xA7AB,0xA7AB,1,-42319},folded_letters{0xA7AC,0xA7AC,1,-42315},
    folded_letters{0xA7AD,0xA7AD,1,-42305},folded_letters{0xA7AE,0xA7AE,1,-42308},folded_letters{0xA7B0,0xA7B0,1,-42258},
    folded_letters{0xA7B1,0xA7B1,1,-42282},folded_letters{0xA7B2,0xA7B2,1,-42261},folded_letters{0xA7B3,0xA7B3,1,928},
    folded_letters{0xA7B4,0xA7C2,2,1},folded_letters{0xA7C4,0xA7C4,1,-48},folded_letters{0xA7C5,0xA7C5,1,-42307},
    folded_letters{0xA7C6,0xA7C6,1,-35384},folded_letters{0xA7C7,0xA7C9,2,1},folded_letters{0xA7D0,0xA7D0,1,1},
    folded_letters{0xA7D6,0xA7D8,2,1},folded_letters{0xA7F5,0xA7F5,1,1},folded_letters{0xAB70,0xABBF,1,-38864},
    folded_letters{0xFF21,0xFF3A,1,32},folded_letters{0x10400,0x10427,1,40},folded_letters{0x104B0,0x104D3,1,40},
    folded_letters{0x10570,0x1057A,1,39},folded_letters{0x1057C,0x1058A,1,39},folded_letters{0x1058C,0x10592,1,39},
    folded_letters{0x10594,0x10595,1,39},folded_letters{0x10C80,0x10CB2,1,64},folded_letters{0x118A0,0x118BF,1,32},
    folded_letters{0x16E40,0x16E5F,1,32},folded_letters{0x1E900,0x1E921,1,34},
};
/// A letter, and those that it is, its case ignored.
struct letter_of_several {
    char16_t letter;
    std::u16string_view is;
};
inline constexpr std::array letters_of_several{
    letter_of_several{0x00DF, u"ss"}, letter_of_several{0x0130, u"i\u0307"}, letter_of_several{0x0149, u"\u02BCn"}, 
    letter_of_several{0x01F0, u"j\u030C"}, letter_of_several{0x0390, u"\u03B9\u0308\u0301"}, letter_of_several{0x03B0, u"\u03C5\u0308\u0301"}, 
    letter_of_several{0x0587, u"\u0565\u0582"}, letter_of_several{0x1E96, u"h\u0331"}, letter_of_several{0x1E97, u"t\u0308"}, 
    letter_of_several{0x1E98, u"w\u030A"}, letter_of_several{0x1E99, u"y\u030A"}, letter_of_several{0x1E9A, u"a\u02BE"}, 
    letter_of_several{0x1E9E, u"ss"}, letter_of_several{0x1F50, u"\u03C5\u0313"}, letter_of_several{0x1F52, u"\u03C5\u0313\u0300"}, 
    letter_of_several{0x1F54, u"\u03C5\u0313\u0301"}, letter_of_several{0x1F56, u"\u03C5\u0313\u0342"}, 
    letter_of_several{0x1F80, u"\u1F00\u03B9"}, letter_of_several{0x1F81, u"\u1F01\u03B9"}, letter_of_several{0x1F82, u"\u1F02\u03B9"}, 
    letter_of_several{0x1F83, u"\u1F03\u03B9"}, letter_of_several{0x1F84, u"\u1F04\u03B9"}, letter_of_several{0x1F85, u"\u1F05\u03B9"}, 
    letter_of_several{0x1F86, u"\u1F06\u03B9"}, letter_of_several{0x1F87, u"\u1F07\u03B9"}, letter_of_several{0x1F88, u"\u1F00\u03B9"}, 
    letter_of_several{0x1F89, u"\u1F01\u03B9"}, letter_of_several{0x1F8A, u"\u1F02\u03B9"}, letter_of_several{0x1F8B, u"\u1F03\u03B9"}, 
    letter_of_several{0x1F8C, u"\u1F04\u03B9"}, letter_of_several{0x1F8D, u"\u1F05\u03B9"}, letter_of_several{0x1F8E, u"\u1F06\u03B9"}, 
    letter_of_several{0x1F8F, u"\u1F07\u03B9"}, letter_of_several{0x1F90, u"\u1F20\u03B9"}, letter_of_several{0x1F91, u"\u1F21\u03B9"}, 
    letter_of_several{0x1F92, u"\u1F22\u03B9"}, letter_of_several{0x1F93, u"\u1F23\u03B9"}, letter_of_several{0x1F94, u"\u1F24\u03B9"}, 
    letter_of_several{0x1F95, u"\u1F25\u03B9"}, letter_of_several{0x1F96, u"\u1F26\u03B9"}, letter_of_several{0x1F97, u"\u1F27\u03B9"}, 
    letter_of_several{0x1F98, u"\u1F20\u03B9"}, letter_of_several{0x1F99, u"\u1F21\u03B9"}, letter_of_several{0x1F9A, u"\u1F22\u03B9"}, 
    letter_of_several{0x1F9B, u"\u1F23\u03B9"}, letter_of_several{0x1F9C, u"\u1F24\u03B9"}, letter_of_several{0x1F9D, u"\u1F25\u03B9"}, 
    letter_of_several{0x1F9E, u"\u1F26\u03B9"}, letter_of_several{0x1F9F, u"\u1F27\u03B9"}, letter_of_several{0x1FA0, u"\u1F60\u03B9"}, 
    letter_of_several{0x1FA1, u"\u1F61\u03B9"}, letter_of_several{0x1FA2, u"\u1F62\u03B9"}, letter_of_several{0x1FA3, u"\u1F63\u03B9"}, 
    letter_of_several{0x1FA4, u"\u1F64\u03B9"}, letter_of_several{0x1FA5, u"\u1F65\u03B9"}, letter_of_several{0x1FA6, u"\u1F66\u03B9"}, 
    letter_of_several{0x1FA7, u"\u1F67\u03B9"}, letter_of_several{0x1FA8, u"\u1F60\u03B9"}, letter_of_several{0x1FA9, u"\u1F61\u03B9"}, 
    letter_of_several{0x1FAA, u"\u1F62\u03B9"}, letter_of_several{0x1FAB, u"\u1F63\u03B9"}, letter_of_several{0x1FAC, u"\u1F64\u03B9"}, 
    letter_of_several{0x1FAD, u"\u1F65\u03B9"}, letter_of_several{0x1FAE, u"\u1F66\u03B9"}, letter_of_several{0x1FAF, u"\u1F67\u03B9"}, 
    letter_of_several{0x1FB2, u"\u1F70\u03B9"}, letter_of_several{0x1FB3, u"\u03B1\u03B9"}, letter_of_several{0x1FB4, u"\u03AC\u03B9"}, 
    letter_of_several{0x1FB6, u"\u03B1\u0342"}, letter_of_several{0x1FB7, u"\u03B1\u0342\u03B9"}, letter_of_several{0x1FBC, u"\u03B1\u03B9"}, 
    letter_of_several{0x1FC2, u"\u1F74\u03B9"}, letter_of_several{0x1FC3, u"\u03B7\u03B9"}, letter_of_several{0x1FC4, u"\u03AE\u03B9"}, 
    letter_of_several{0x1FC6, u"\u03B7\u0342"}, letter_of_several{0x1FC7, u"\u03B7\u0342\u03B9"}, letter_of_several{0x1FCC, u"\u03B7\u03B9"}, 
    letter_of_several{0x1FD2, u"\u03B9\u0308\u0300"}, letter_of_several{0x1FD3, u"\u03B9\u0308\u0301"}, 
    letter_of_several{0x1FD6, u"\u03B9\u0342"}, letter_of_several{0x1FD7, u"\u03B9\u0308\u0342"}, 
    letter_of_several{0x1FE2, u"\u03C5\u0308\u0300"}, letter_of_several{0x1FE3, u"\u03C5\u0308\u0301"}, 
    letter_of_several{0x1FE4, u"\u03C1\u0313"}, letter_of_several{0x1FE6, u"\u03C5\u0342"}, letter_of_several{0x1FE7, u"\u03C5\u0308\u0342"}, 
    letter_of_several{0x1FF2, u"\u1F7C\u03B9"}, letter_of_several{0x1FF3, u"\u03C9\u03B9"}, letter_of_several{0x1FF4, u"\u03CE\u03B9"}, 
    letter_of_several{0x1FF6, u"\u03C9\u0342"}, letter_of_several{0x1FF7, u"\u03C9\u0342\u03B9"}, letter_of_several{0x1FFC, u"\u03C9\u03B9"}, 
    letter_of_several{0xFB00, u"ff"}, letter_of_several{0xFB01, u"fi"}, letter_of_several{0xFB02, u"fl"}, letter_of_several{0xFB03, u"ffi"}, 
    letter_of_several{0xFB04, u"ffl"}, letter_of_several{0xFB05, u"st"}, letter_of_several{0xFB06, u"st"}, 
    letter_of_several{0xFB13, u"\u0574\u0576"}, letter_of_several{0xFB14, u"\u0574\u0565"}, letter_of_several{0xFB15, u"\u0574\u056B"}, 
    letter_of_several{0xFB16, u"\u057E\u0576"}, letter_of_several{0xFB17, u"\u0574\u056D"}, 
};

// clang-format on

} // namespace lading::detail
